// Records of pion/dtls 3.1.15 speaking to itself over the loopback interface, with connection IDs of 8 bytes towards the server and of 3 towards
// the client, and 5 bytes of padding in what the server sends. Of each suite: application data each way, "hello" and "re: hello".

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

/** Captured from pion/dtls 3.1.15. */
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
