// Makes and drops associations in every state, and UDP sockets, for LeakSanitizer to look at when the process ends. See sanitized.mjs.
import { closeSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const require = createRequire(import.meta.url);
const native = require('node-gyp-build')(join(dirname(dirname(fileURLToPath(import.meta.url))), 'native'));
const nothing = new Uint8Array(0);
const text = (string) => new TextEncoder().encode(string);
const key = text('0123456789abcdef');
const rounds = 200;

const suites = ['PSK-AES128-CCM8', 'ECDHE-PSK-CHACHA20-POLY1305', 'PSK-AES128-CBC-SHA256'];
/** The name and the two keys of a ticket key. */
const ticketKey = new Uint8Array(80).fill(5);
const sources = [undefined, new Uint8Array(native.randomCapacity).fill(7)];
let resumptions = 0;

for (const random of sources) for (const ciphersuites of suites) makeAndDrop(ciphersuites, random);
process.stdout.write(
  `${suites.length * sources.length * rounds} associations made and dropped, ${resumptions} of them resumed\n`,
);
await openAndClose();
process.stdout.write(`${2 * rounds} sockets opened and closed\n`);

/** Pairs of sockets, of which one sends to the other; some are closed at once, some are handed over. */
async function openAndClose() {
  const ignore = () => undefined;
  for (let round = 0; round < rounds; round++) {
    const [receiver, sender] = [new native.UdpPort(), new native.UdpPort()];
    const came = new Promise((resolve) => {
      receiver.open(4, false, false, resolve, ignore, ignore);
    });
    sender.open(4, false, false, ignore, ignore, ignore);
    receiver.bind('127.0.0.1', 0);
    sender.connect('127.0.0.1', receiver.local().port);
    // Short, as long as a slab takes, and longer.
    sender.send([10, 2_000, 9_000][round % 3]);
    if (round % 4 !== 0) await came;
    if (round % 4 === 2) closeSync(receiver.handOver());
    if (round % 4 === 3) sender.awaitRoom();
    sender.close();
    receiver.close();
  }
}

function makeAndDrop(ciphersuites, random) {
  const both = { ciphersuites, keyLog: true, random };
  const server = new native.Context({ ...both, server: true, identityHint: text('hint') });
  const client = new native.Context({ ...both, server: false, identity: text('me'), key, maxFragmentLength: 1 });
  const exchange = new native.CookieExchange(server);
  /** What the last association has left, on both sides; by ID and by ticket in turn. */
  const kept = { client: nothing, server: nothing };
  for (let round = 0; round < rounds; round++) {
    for (const context of [server, client]) context.giveRandom(new Uint8Array(context.randomWanted()).fill(round));
    drop(connect(exchange, client, round % 8, kept, round % 5 === 0 ? ticketKey : nothing), round % 3);
  }
  exchange.destroy();
  client.destroy();
  server.destroy();
}

/** Takes a handshake as many steps as asked for. */
function connect(exchange, context, steps, kept, ticket) {
  const client = new native.Association(context);
  client.configure(1200, 6, 'example.org');
  client.offerSession(kept.client);
  const [first] = datagrams(client.proceed());
  const reply = admit(exchange, first);
  if (steps === 0) return [client];
  const [second] = receive(client, reply);
  admit(exchange, second);
  if (steps === 1) return [client];
  const server = exchange.takeAssociation();
  server.configure(1200, 3, '');
  server.setPeerKey(text('me'), 'example.org', steps === 2 ? text('wrong') : key, text('owner'));
  server.allowResumption(true, ticket);
  // Some are dropped while they wait.
  let progress = server.proceed();
  let toClient = datagrams(progress);
  if (progress & native.progress.sessionOffered && steps !== 3) {
    // A ticket, under the right key and another, or what is kept by ID.
    server.considerTicket(new Uint8Array(80));
    if (!server.considerTicket(ticketKey)) server.considerSession(kept.server);
    server.decide(steps !== 4);
    progress = server.proceed();
    toClient = datagrams(progress);
  }
  for (let step = 3; step < steps; step++) {
    const toServer = toClient.flatMap((datagram) => receive(client, datagram));
    toClient = toServer.flatMap((datagram) => receive(server, datagram));
  }
  if (steps === 7) {
    client.negotiated();
    if (native.exchangeNumbers[2] === 1) resumptions++;
    kept.client = client.takeSession()?.state ?? nothing;
    kept.server = server.takeSession()?.state ?? nothing;
    receive(server, protect(client, text('data')));
  }
  return [client, server];
}

/** Bytes cross through memory that both sides see: what goes in at its beginning, what comes out behind `exchangeIn`. */
function receive(association, datagram) {
  const result = call(native.receive, association, datagram);
  return datagrams(result & 0xffff, result >>> 16);
}

/** `receive` and `protect` of the addon are told by numbers, behind those of datagrams, whom they are for and of how many bytes. */
function call(operation, association, data) {
  native.exchange.set(data);
  native.exchangeNumbers.set([association.handle(), data.length], 16);
  operation();
  return native.exchangeNumbers[18];
}

/** What an operation has given behind `at` bytes: their count and their lengths are the numbers. */
function datagrams(progress, at = 0) {
  if (!(progress & native.progress.hasDatagrams)) return [];
  let start = native.exchangeIn + at;
  return Array.from(native.exchangeNumbers.slice(1, 1 + native.exchangeNumbers[0]), (length) => {
    start += length;
    return native.exchange.slice(start - length, start);
  });
}

/** Gives the exchange a ClientHello; the reply is there where there is one. */
function admit(exchange, datagram) {
  native.exchange.set(datagram);
  const length = exchange.admit(datagram.length, 0, false) >>> 8;
  return native.exchange.slice(native.exchangeIn, native.exchangeIn + length);
}

function protect(association, plaintext) {
  const length = call(native.protect, association, plaintext);
  return native.exchange.slice(native.exchangeIn, native.exchangeIn + length);
}

function drop(associations, how) {
  for (const association of associations) {
    if (how === 0) association.destroy();
    if (how === 1) association.abandon();
    if (how === 2) association.close();
  }
}
