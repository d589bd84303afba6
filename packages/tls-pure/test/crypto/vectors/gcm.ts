/** An AEAD vector with a 16-byte tag, in hexadecimal. */
export interface AeadVector {
  readonly source: string;
  readonly key: string;
  readonly nonce: string;
  readonly aad: string;
  readonly plaintext: string;
  readonly ciphertext: string;
  readonly tag: string;
}

/** McGrew and Viega, "The Galois/Counter Mode of Operation (GCM)", appendix B, test cases 2, 4 and 16. */
export const gcmSpecification: readonly AeadVector[] = [
  {
    source: 'GCM test case 2',
    key: '00000000000000000000000000000000',
    nonce: '000000000000000000000000',
    aad: '',
    plaintext: '00000000000000000000000000000000',
    ciphertext: '0388dace60b6a392f328c2b971b2fe78',
    tag: 'ab6e47d42cec13bdf53a67b21257bddf',
  },
  {
    source: 'GCM test case 4',
    key: 'feffe9928665731c6d6a8f9467308308',
    nonce: 'cafebabefacedbaddecaf888',
    aad: 'feedfacedeadbeeffeedfacedeadbeefabaddad2',
    plaintext:
      'd9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39',
    ciphertext:
      '42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091',
    tag: '5bc94fbc3221a5db94fae95ae7121a47',
  },
  {
    source: 'GCM test case 16',
    key: 'feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308',
    nonce: 'cafebabefacedbaddecaf888',
    aad: 'feedfacedeadbeeffeedfacedeadbeefabaddad2',
    plaintext:
      'd9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39',
    ciphertext:
      '522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662',
    tag: '76fc6ece0f4e1768cddf8853bb2d551b',
  },
];

/** NIST CAVP, GCM with 96-bit IVs and 128-bit tags (CAVS 14.0): the first of some lengths. */
export const cavpGcm: readonly AeadVector[] = [
  {
    source: 'gcmEncryptExtIV128.rsp PTlen 0 AADlen 0',
    key: '11754cd72aec309bf52f7687212e8957',
    nonce: '3c819d9a9bed087615030b65',
    aad: '',
    plaintext: '',
    ciphertext: '',
    tag: '250327c674aaf477aef2675748cf6971',
  },
  {
    source: 'gcmEncryptExtIV128.rsp PTlen 0 AADlen 128',
    key: '77be63708971c4e240d1cb79e8d77feb',
    nonce: 'e0e00f19fed7ba0136a797f3',
    aad: '7a43ec1d9c0a5a78a0b16533a6213cab',
    plaintext: '',
    ciphertext: '',
    tag: '209fcc8d3675ed938e9c7166709dd946',
  },
  {
    source: 'gcmEncryptExtIV128.rsp PTlen 128 AADlen 0',
    key: '7fddb57453c241d03efbed3ac44e371c',
    nonce: 'ee283a3fc75575e33efd4887',
    aad: '',
    plaintext: 'd5de42b461646c255c87bd2962d3b9a2',
    ciphertext: '2ccda4a5415cb91e135c2a0f78c9b2fd',
    tag: 'b36d1df9b9d5e596f83e8b7f52971cb3',
  },
  {
    source: 'gcmEncryptExtIV128.rsp PTlen 128 AADlen 384',
    key: '89850dd398e1f1e28443a33d40162664',
    nonce: 'e462c58482fe8264aeeb7231',
    aad: 'd74e99d1bdaa712864eec422ac507bddbe2b0d4633cd3dff29ce5059b49fe868526c59a2a3a604457bc2afea866e7606',
    plaintext: '2805cdefb3ef6cc35cd1f169f98da81a',
    ciphertext: 'ba80e244b7fc9025cd031d0f63677e06',
    tag: 'd84a8c3eac57d1bb0e890a8f461d1065',
  },
  {
    source: 'gcmEncryptExtIV128.rsp PTlen 104 AADlen 160',
    key: 'fe0121f42e599f88ff02a985403e19bb',
    nonce: '3bb9eb7724cbe1943d43de21',
    aad: '2662d895035b6519f3510eae0faa3900ad23cfdf',
    plaintext: 'fd331ca8646091c29f21e5f0a1',
    ciphertext: '59fe29b07b0de8d869efbbd9b4',
    tag: 'd24c3e9c1c73c0af1097e26061c857de',
  },
  {
    source: 'gcmEncryptExtIV128.rsp PTlen 256 AADlen 160',
    key: 'fedc7155192d00b23cdd98750db9ebba',
    nonce: 'a76b74f55c1a1756a08338b1',
    aad: '2ad206c4176e7e552aa08836886816fafa77e759',
    plaintext: '6831435b8857daf1c513b148820d13b5a72cc490bda79a98a6f520d8763c39d1',
    ciphertext: '15823805da89a1923bfc1d6f87784d56bad1128b4dffdbdeefbb2fa562c35e68',
    tag: 'd23dc455ced49887c717e8eabeec2984',
  },
  {
    source: 'gcmEncryptExtIV128.rsp PTlen 408 AADlen 0',
    key: '594157ec4693202b030f33798b07176d',
    nonce: '49b12054082660803a1df3df',
    aad: '',
    plaintext: '3feef98a976a1bd634f364ac428bb59cd51fb159ec1789946918dbd50ea6c9d594a3a31a5269b0da6936c29d063a5fa2cc8a1c',
    ciphertext:
      'c1b7a46a335f23d65b8db4008a49796906e225474f4fe7d39e55bf2efd97fd82d4167de082ae30fa01e465a601235d8d68bc69',
    tag: 'ba92d3661ce8b04687e8788d55417dc2',
  },
  {
    source: 'gcmEncryptExtIV128.rsp PTlen 408 AADlen 720',
    key: '2c1f21cf0f6fb3661943155c3e3d8492',
    nonce: '23cb5ff362e22426984d1907',
    aad: '5d3624879d35e46849953e45a32a624d6a6c536ed9857c613b572b0333e701557a713e3f010ecdf9a6bd6c9e3e44b065208645aff4aabee611b391528514170084ccf587177f4488f33cfb5e979e42b6e1cfc0a60238982a7aec',
    plaintext: '42f758836986954db44bf37c6ef5e4ac0adaf38f27252a1b82d02ea949c8a1a2dbc0d68b5615ba7c1220ff6510e259f06655d8',
    ciphertext:
      '81824f0e0d523db30d3da369fdc0d60894c7a0a20646dd015073ad2732bd989b14a222b6ad57af43e1895df9dca2a5344a62cc',
    tag: '57a3ee28136e94c74838997ae9823f3a',
  },
  {
    source: 'gcmEncryptExtIV256.rsp PTlen 0 AADlen 0',
    key: 'b52c505a37d78eda5dd34f20c22540ea1b58963cf8e5bf8ffa85f9f2492505b4',
    nonce: '516c33929df5a3284ff463d7',
    aad: '',
    plaintext: '',
    ciphertext: '',
    tag: 'bdc1ac884d332457a1d2664f168c76f0',
  },
  {
    source: 'gcmEncryptExtIV256.rsp PTlen 0 AADlen 128',
    key: '78dc4e0aaf52d935c3c01eea57428f00ca1fd475f5da86a49c8dd73d68c8e223',
    nonce: 'd79cf22d504cc793c3fb6c8a',
    aad: 'b96baa8c1c75a671bfb2d08d06be5f36',
    plaintext: '',
    ciphertext: '',
    tag: '3e5d486aa2e30b22e040b85723a06e76',
  },
  {
    source: 'gcmEncryptExtIV256.rsp PTlen 128 AADlen 0',
    key: '31bdadd96698c204aa9ce1448ea94ae1fb4a9a0b3c9d773b51bb1822666b8f22',
    nonce: '0d18e06c7c725ac9e362e1ce',
    aad: '',
    plaintext: '2db5168e932556f8089a0622981d017d',
    ciphertext: 'fa4362189661d163fcd6a56d8bf0405a',
    tag: 'd636ac1bbedd5cc3ee727dc2ab4a9489',
  },
  {
    source: 'gcmEncryptExtIV256.rsp PTlen 128 AADlen 384',
    key: 'e4fed339c7b0cd267305d11ab0d5c3273632e8872d35bdc367a1363438239a35',
    nonce: '0365882cf75432cfd23cbd42',
    aad: '8a97d2af5d41160ac2ff7dd8ba098e7aa4d618f0f455957d6a6d0801796747ba57c32dfbaaaf15176528fe3a0e4550c9',
    plaintext: 'fff39a087de39a03919fbd2f2fa5f513',
    ciphertext: '8d9e68f03f7e5f4a0ffaa7650d026d08',
    tag: '3554542c478c0635285a61d1b51f6afa',
  },
  {
    source: 'gcmEncryptExtIV256.rsp PTlen 104 AADlen 160',
    key: '69b458f2644af9020463b40ee503cdf083d693815e2659051ae0d039e606a970',
    nonce: '8d1da8ab5f91ccd09205944b',
    aad: '036ad5e5494ef817a8af2f5828784a4bfedd1653',
    plaintext: 'f3e0e09224256bf21a83a5de8d',
    ciphertext: 'c0a62d77e6031bfdc6b13ae217',
    tag: 'a794a9aaee48cd92e47761bf1baff0af',
  },
  {
    source: 'gcmEncryptExtIV256.rsp PTlen 256 AADlen 160',
    key: '5853c020946b35f2c58ec427152b840420c40029636adcbb027471378cfdde0f',
    nonce: 'eec313dd07cc1b3e6b068a47',
    aad: '1389b522c24a774181700553f0246bbabdd38d6f',
    plaintext: 'ce7458e56aef9061cb0c42ec2315565e6168f5a6249ffd31610b6d17ab64935e',
    ciphertext: 'eadc3b8766a77ded1a58cb727eca2a9790496c298654cda78febf0da16b6903b',
    tag: '3d49a5b32fde7eafcce90079217ffb57',
  },
  {
    source: 'gcmEncryptExtIV256.rsp PTlen 408 AADlen 0',
    key: '1fded32d5999de4a76e0f8082108823aef60417e1896cf4218a2fa90f632ec8a',
    nonce: '1f3afa4711e9474f32e70462',
    aad: '',
    plaintext: '06b2c75853df9aeb17befd33cea81c630b0fc53667ff45199c629c8e15dce41e530aa792f796b8138eeab2e86c7b7bee1d40b0',
    ciphertext:
      '91fbd061ddc5a7fcc9513fcdfdc9c3a7c5d4d64cedf6a9c24ab8a77c36eefbf1c5dc00bc50121b96456c8cd8b6ff1f8b3e480f',
    tag: '30096d340f3d5c42d82a6f475def23eb',
  },
  {
    source: 'gcmEncryptExtIV256.rsp PTlen 408 AADlen 720',
    key: '148579a3cbca86d5520d66c0ec71ca5f7e41ba78e56dc6eebd566fed547fe691',
    nonce: 'b08a5ea1927499c6ecbfd4e0',
    aad: 'e4f963f015ffbb99ee3349bbaf7e8e8e6c2a71c230a48f9d59860a29091d2747e01a5ca572347e247d25f56ba7ae8e05cde2be3c97931292c02370208ecd097ef692687fecf2f419d3200162a6480a57dad408a0dfeb492e2c5d',
    plaintext: '9d0b15fdf1bd595f91f8b3abc0f7dec927dfd4799935a1795d9ce00c9b879434420fe42c275a7cd7b39d638fb81ca52b49dc41',
    ciphertext:
      '2097e372950a5e9383c675e89eea1c314f999159f5611344b298cda45e62843716f215f82ee663919c64002a5c198d7878fd3f',
    tag: 'adbecdb0d5c2224d804d2886ff9a5760',
  },
];
