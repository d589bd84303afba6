// Records of other implementations with connection IDs: 8 bytes towards the server, 3 towards the client. Of each suite: application data each
// way, "hello" and "re: hello", with sequence number 1.

/** An association of another implementation, as far as it takes to read its records. In hexadecimal. */
export interface CapturedRecords {
  readonly suite: number;
  readonly encryptThenMac: boolean;
  readonly master: string;
  readonly clientRandom: string;
  readonly serverRandom: string;
  /** In the records that the side sends. */
  readonly cids: { readonly client: string; readonly server: string };
  readonly records: { readonly client: string; readonly server: string };
}

/**
 * Captured from pion/dtls 3.1.15 speaking to itself, with 5 bytes of padding in what the server sends. Its records with CBC are not among them: it
 * puts the content into the MAC twice, which RFC 9146 §5.1 does not.
 */
export const pionRecords: readonly CapturedRecords[] = [
  {
    suite: 0xc0a4,
    encryptThenMac: false,
    master: '902c1272a76b6afc156a161afbb327141e76db2358ebc323b543e03817594d25bc4a19a529bf28ec0fa022d832763157',
    clientRandom: '6b081d7282d24e6905ebeb85a5ca35c0cd54040160ee47c0410166c0eba22c85',
    serverRandom: '6b081d72f4d8baa96b86c43b92234b07aac048b9fc788fe2068e4f1d8a038029',
    cids: { client: '58a91512024f804a', server: 'e1589a' },
    records: {
      client: '19fefd000100000000000158a91512024f804a001e000100000000000113508dadd5c9462c99b7a8c232438109c0ba242a240d',
      server: '19fefd0001000000000001e1589a0022000100000000000187ff986fcfcd06420552e063be234d17440d2cdb0a5373542133',
    },
  },
  {
    suite: 0xc0a8,
    encryptThenMac: false,
    master: '75876908ee8ab4c97793cfdfb0af9d8ac30af3f29fe9c1adf3ad085d7840bdb19778681fc36238cc24b2ebd514554f5f',
    clientRandom: '6b081d72f3b99e6006df5a1f6bf597975c4818ff84d271be0a6b08a2394d8c89',
    serverRandom: '6b081d72d35865182e0a88724c80251e335472444212c7299459432a3f67b636',
    cids: { client: 'acefca0930995887', server: 'b705f2' },
    records: {
      client: '19fefd0001000000000001acefca093099588700160001000000000001929294d7b2c6baa692eac1bfdf07',
      server: '19fefd0001000000000001b705f2001a000100000000000143c197039e2f5586e1ebb98015c304744cd6',
    },
  },
  {
    suite: 0xc0a9,
    encryptThenMac: false,
    master: '8eaaa00ead208d28cc89d002e0bbc7e7362874638519fea2d2aec624faef8c947f0bd34de7cdeadf63099a84daf565bb',
    clientRandom: '6b081d7293aee95e6296a54fd55e03e73ada96d0720af328e958799eff39f6ab',
    serverRandom: '6b081d728b63c28f89443c6b121af3a56775ef9891c20a3f7a7ee25ae0cd9cf0',
    cids: { client: '023e7f64a2b4d78d', server: '63f1cc' },
    records: {
      client: '19fefd0001000000000001023e7f64a2b4d78d00160001000000000001cd73a8009ae55425ee3b4ea43652',
      server: '19fefd000100000000000163f1cc001a0001000000000001c73d54bf34ef26a284084c89caa7a89278f6',
    },
  },
  {
    suite: 0x00a8,
    encryptThenMac: false,
    master: '8ff2f05ec06d20c4ae6e9af342c7555b2dbd0d5fea260d3bc190ecf88934a3332cc0ea37e9bb1429d99ecf90932dd17a',
    clientRandom: '6b081d72e74b88ef51e85ac7782c4315b73f6d8b4de3a9d629a211d3d93e6ecc',
    serverRandom: '6b081d72252f0cb02b92ab36743a2cc658805cdbde634b1745220d562abb700c',
    cids: { client: 'afc11893336d2e82', server: 'd5acad' },
    records: {
      client: '19fefd0001000000000001afc11893336d2e82001e00010000000000014ca1f1d385156785c1b83a57be72652aad4d4581e51d',
      server: '19fefd0001000000000001d5acad00220001000000000001241470fbb37d544bd3083ef08a6af01e35b6c5fb2acc93f0d855',
    },
  },
  {
    suite: 0xccab,
    encryptThenMac: false,
    master: '22a3b3d6f55907f1575b79e4e9db75dcf7fc1411b54278d520c2b0e34e49138d423bdc08db5abc723dc0bff924803309',
    clientRandom: '6b081d724492982320f4a195ed13576febf11cdfd79e92b7fa4e734cc616d8b6',
    serverRandom: '6b081d72c0a68c93d6370e6a20d0b552138e454ccbeb94743900b4a975c4dfaa',
    cids: { client: '33d181687178d6f3', server: '7dc3a1' },
    records: {
      client: '19fefd000100000000000133d181687178d6f3001644669a6cd7ac4829ad32db29c5a046d2069e8a086d7f',
      server: '19fefd00010000000000017dc3a1001a58d6034920d37c6ab34aefa0f0e778920d385b3ecf5053b7b788',
    },
  },
];

/**
 * Captured from Bouncy Castle 1.78.1 (bctls-jdk18on) speaking to itself, as those of pion but without padding; with and without
 * encrypt-then-MAC.
 */
export const bouncyCastleRecords: readonly CapturedRecords[] = [
  {
    suite: 0x00ae,
    encryptThenMac: false,
    master: '90079c153d8fa1c80aba37a728d36a8c53834782ef2222daaf8701a03ccca772d46413132dacd4343165c2cef0b6b8a6',
    clientRandom: '85316ee5c332a16ee42c5482c6c2032c8044cd59591ddb60196056a5fc48f6d3',
    serverRandom: 'a94e9b74c3d466276e10d5fff1a448069d507e11989779146131ce9861013ea9',
    cids: { client: '0f8e170824139a22', server: '4a6117' },
    records: {
      client:
        '19fefd00010000000000010f8e170824139a220040f86023ea6a0fa1b333bd11b41cc4cdc12e6499ad45f6c4fcc9df602da3a29d1e5acb69bc4d7cc682838b33f6761f7025c2b6e3d2876911d04937071baa672443',
      server:
        '19fefd00010000000000014a611700408fe39e9f29bbdd682d5d8770a632eed8efafa0a606934740e53d05167705e619a9a27469b94ecc949377a9a2deb695c78e8ea7855f6e5ef2d370387f2edc3827',
    },
  },
  {
    suite: 0x00ae,
    encryptThenMac: true,
    master: 'd8f05a116314b1ffbe3925a7875d88f9ee386b46844c1884a015b5be0ffb1ed7588ad5deb30719e5a0b9e98db15667a3',
    clientRandom: 'f6159aa20b1ffb5e1340164b828cbc7180bbc4042d74010f6aa727cddf38ca29',
    serverRandom: '6221a5d22cd754fa4815eb25d2bd9d6350719c9b990bce5eb3298b60fa9ae86f',
    cids: { client: '94b8ef3de142e9ef', server: '66a40a' },
    records: {
      client:
        '19fefd000100000000000194b8ef3de142e9ef004023af5bdd0e525a26b63949e9719d73ecc93781cd338e18096202ab412ea09e017c6e9dd6564351c8953678161f4654a1d87fd665fda0abfdcb54bfb8e165fa2f',
      server:
        '19fefd000100000000000166a40a0040b5e14badfa5c16f2d4dd292a441a542bf7f73aee8802702cea631b0567b75493ae9b8c3543af2d5e7feed56e7d78ee9091e3e8dd0886db76fcf1d860b53ea52b',
    },
  },
  {
    suite: 0xc037,
    encryptThenMac: false,
    master: 'bdc401be5aa1c5a77582c4e1f6823040bc19bae6321ecf04671e23f6bfb6d797e859f65717fce93accfe63163ed5646c',
    clientRandom: '5c3a9d902f298afed542517b96da5058ab252f84bb2e46e8c507e9fb7021e3b3',
    serverRandom: 'afb6291685dc636b84c603f8ad9454c55b5896c89f6f59d10ab1ea14e0beb183',
    cids: { client: '0bcd8dd0a5e68c60', server: 'ee298f' },
    records: {
      client:
        '19fefd00010000000000010bcd8dd0a5e68c600040c49c304c79d027fd67ab3a47947fd6676adc3cdc07bd18886279d805b02e6ea1b844e6001f1f455ddb307530146577d4ca655a651c9827528e3f583a1ddc13f2',
      server:
        '19fefd0001000000000001ee298f004075a69f64f5ff36c686fee11261aa962284daf722dafc425ddff6ccf44bb74af410be509f02d8c16a71508aa68649ca51baf189494c080584ed0f20846a30198d',
    },
  },
  {
    suite: 0xc037,
    encryptThenMac: true,
    master: '70965165af998d3813dd775f04a6778c279a3ac94871ad0abb3f4fc447cab499b94bc41f897c066f0abe26b7b5e8d73c',
    clientRandom: '5cd0cd6c6b8e4f4aff7b4501fb85f9f482aaea9e8f5452fa9ed0f679d09727fc',
    serverRandom: 'e927980e5342c107532b85119ec1c677204f4eb6d8df385eb2c57339e7e8a2b2',
    cids: { client: '602b4731debf5530', server: 'bd6b30' },
    records: {
      client:
        '19fefd0001000000000001602b4731debf55300040479e98109080b7856fc1522359930af5662c1335cda741068700f44535d028b850c477508941149fa124a6d769accb9322bb0220e38b0eac17b687e80fe4dfcd',
      server:
        '19fefd0001000000000001bd6b300040a0038ee3b38ca270c0cde45b866a9f17bdcd1d3ccecb9866462ff58717a74e6728aa42c32ff4c2ae82e3fbf6bf467e9d092f5b9c19985d2accf1ad424f506a6c',
    },
  },
  {
    suite: 0x00a9,
    encryptThenMac: false,
    master: 'e7ec8c854f8afdf138261272013b873e0b48d28b9a90f58a07bc60e3fe8e879def225e85c456942036ed0aa7d4229b35',
    clientRandom: 'cbf471ac4a5d56a81530b7b1a78699829670eae1e2a5f7fc701e5a0c4eeb8ab6',
    serverRandom: 'd499eaa051fd841708f840a92b6b3f02de9de53a7b9790785fdb757c29bfede5',
    cids: { client: '6c103647252a5369', server: 'f8acf3' },
    records: {
      client: '19fefd00010000000000016c103647252a5369001e0001000000000001da7e714af58a5bd8855439a7bc4ac7be6ff32540b6df',
      server: '19fefd0001000000000001f8acf300220001000000000001f0a2290977a1dff9905cf3f35797a9c2a6ed4c923a36f99273c9',
    },
  },
  {
    suite: 0xc0a5,
    encryptThenMac: false,
    master: 'd0a31923e1c7c60e729005d0d1f408570369a9159ac2b1984ba0b6692fb8d74ff520582d5119dca6f5d193b2ae3ad9ef',
    clientRandom: 'a28665e418625f54deec917464d3f65a4eed7e6e15e280c29838999b1a706db3',
    serverRandom: '2fe345fd08a7f87c77c0db0dfaec4df55862fe6c571cf65f4810a5bc5b2f193b',
    cids: { client: '4a6ae117535e76aa', server: 'e04a94' },
    records: {
      client: '19fefd00010000000000014a6ae117535e76aa001e0001000000000001417bb7c7359a7fb1154fb3f809c71a66b886a0e0f7cb',
      server: '19fefd0001000000000001e04a9400220001000000000001fd5841d4fee893076ea36ee14f0f4909531cd5e019b481beb8bd',
    },
  },
];
