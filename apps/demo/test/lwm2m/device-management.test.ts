import { describe, expect, it } from 'vitest';
import { ContentFormat } from '../../src/lwm2m/content-format.js';
import type { DeviceAnswer } from '../../src/lwm2m/device-handle.js';
import { parsePath } from '../../src/lwm2m/path.js';
import { startPair } from './pair.js';

const values = (answer: DeviceAnswer): Record<string, unknown> =>
  Object.fromEntries(answer.data.map(({ path, value }) => [`/${path.join('/')}`, value]));

const device = {
  '/3/0/0': 'avs-net',
  '/3/0/1': 'avs-demo',
  '/3/0/2': '42',
  '/3/0/3': '1.0.0',
  '/3/0/9': 87,
  '/3/0/11/0': 0,
  '/3/0/13': 1_000_000_000,
  '/3/0/14': '+00:00',
  '/3/0/15': 'Etc/UTC',
  '/3/0/16': 'U',
};

describe('a registered device is read', () => {
  it.each([
    ['TLV', ContentFormat.tlv],
    ['SenML JSON', ContentFormat.senmlJson],
  ])('as a whole object, an instance and a resource in %s', async (name, format) => {
    const pair = await startPair();
    for (const path of ['/3', '/3/0']) {
      const answer = await pair.device.read(parsePath(path), format);
      expect(answer).toMatchObject({ code: '2.05', format: name, diagnostic: undefined });
      expect(values(answer)).toEqual(device);
    }
    expect(values(await pair.device.read([3, 0, 11], format))).toEqual({ '/3/0/11/0': 0 });
    expect(values(await pair.device.read([3, 0, 11, 0], format))).toEqual({ '/3/0/11/0': 0 });
    expect(values(await pair.device.read([3303, 0, 5700], format))).toEqual({ '/3303/0/5700': 20 });
  });

  it('as text where a single value is asked for without a format', async () => {
    const pair = await startPair();
    const answer = await pair.device.read([3, 0, 15]);
    expect(answer).toMatchObject({ code: '2.05', format: 'text/plain' });
    expect(values(answer)).toEqual({ '/3/0/15': 'Etc/UTC' });
  });

  it.each([
    ['/0', '4.01', 'an object that holds keys'],
    ['/0/0/0', '4.01', 'the Security object, whatever the resource'],
    ['/99', '4.04', 'an object that it does not have'],
    ['/3/1', '4.04', 'an instance that it does not have'],
    ['/3/0/99', '4.04', 'a resource that it does not have'],
    ['/3/0/11/7', '4.04', 'a resource instance that it does not have'],
    ['/3/0/4', '4.05', 'a resource that can only be executed'],
  ])('%s answers %s: %s', async (path, code) => {
    const pair = await startPair();
    expect(await pair.device.read(parsePath(path))).toMatchObject({ code, data: [] });
  });

  it('refuses formats that do not suit', async () => {
    const pair = await startPair();
    expect(await pair.device.read([3, 0], ContentFormat.text)).toMatchObject({ code: '4.06' });
    expect(await pair.device.read([3, 0, 9], ContentFormat.opaque)).toMatchObject({ code: '4.06' });
    expect(await pair.device.read([3, 0, 9], 60)).toMatchObject({ code: '4.06' });
  });
});

describe('a registered device is written', () => {
  it('a resource, and it can be read back', async () => {
    const pair = await startPair();
    expect(await pair.device.write([3, 0, 15], 'string', 'Europe/Warsaw')).toMatchObject({ code: '2.04' });
    expect(values(await pair.device.read([3, 0, 15]))).toEqual({ '/3/0/15': 'Europe/Warsaw' });
    expect(await pair.device.write([3, 0, 13], 'time', 1_500_000_000)).toMatchObject({ code: '2.04' });
    expect(values(await pair.device.read([3, 0, 13]))).toEqual({ '/3/0/13': 1_500_000_000 });
  });

  it('several resources of an instance at once', async () => {
    const pair = await startPair();
    const payload = new TextEncoder().encode('[{"bn":"/3/0/","n":"14","vs":"+02:00"},{"n":"15","vs":"Europe/Berlin"}]');
    const answer = await pair.device.writePayload([3, 0], ContentFormat.senmlJson, payload, true);
    expect(answer).toMatchObject({ code: '2.04' });
    expect(values(await pair.device.read([3, 0]))).toMatchObject({ '/3/0/14': '+02:00', '/3/0/15': 'Europe/Berlin' });
  });

  it('all of a payload or nothing of it', async () => {
    const pair = await startPair();
    const payload = new TextEncoder().encode('[{"bn":"/3/0/","n":"14","vs":"+02:00"},{"n":"0","vs":"me"}]');
    expect(await pair.device.writePayload([3, 0], ContentFormat.senmlJson, payload)).toMatchObject({ code: '4.05' });
    expect(values(await pair.device.read([3, 0, 14]))).toEqual({ '/3/0/14': '+00:00' });
  });

  it('a payload of several blocks', async () => {
    const pair = await startPair();
    const pack = [{ bn: '/3/0/', n: '15', vs: 'Europe/Warsaw', comment: 'x'.repeat(3_000) }];
    const payload = new TextEncoder().encode(JSON.stringify(pack));
    expect(await pair.device.writePayload([3, 0], ContentFormat.senmlJson, payload, true)).toMatchObject({
      code: '2.04',
    });
    expect(values(await pair.device.read([3, 0, 15]))).toEqual({ '/3/0/15': 'Europe/Warsaw' });
  });

  it('but not with a body beyond all measure', async () => {
    const pair = await startPair();
    const answer = await pair.device.writePayload([3, 0], ContentFormat.senmlJson, new Uint8Array(70_000));
    expect(answer).toMatchObject({ code: '4.13' });
  });

  it.each([
    ['/3/0/0', 'x', '4.05', 'a resource that is only read'],
    ['/3/0/15', 'Mars/Olympus', '4.00', 'a value that makes no sense'],
    ['/3/0/13', 'now', '4.00', 'a value of another type'],
    ['/3/0/99', 'x', '4.04', 'a resource that it does not have'],
    ['/0/0/0', 'x', '4.01', 'the Security object'],
    ['/3', 'x', '4.05', 'an object'],
    ['/1/0/1', '0', '4.00', 'a lifetime of 0'],
  ])('%s = %s answers %s: %s', async (path, text, code) => {
    const pair = await startPair();
    const answer = await pair.device.writePayload(parsePath(path), ContentFormat.text, new TextEncoder().encode(text));
    expect(answer).toMatchObject({ code });
  });

  it('refuses a content format that it does not have', async () => {
    const pair = await startPair();
    expect(await pair.device.writePayload([3, 0, 15], 60, Uint8Array.of(0x61, 0x78))).toMatchObject({ code: '4.15' });
    expect(await pair.device.writePayload([3, 0, 15], ContentFormat.opaque, Uint8Array.of(1))).toMatchObject({
      code: '4.15',
    });
  });
});

describe('a registered device is told what to do', () => {
  it('resets the extremes of its thermometer', async () => {
    const pair = await startPair();
    pair.thermometer.measure(35);
    pair.thermometer.measure(25);
    expect(values(await pair.device.read([3303, 0]))).toMatchObject({ '/3303/0/5601': 20, '/3303/0/5602': 35 });
    expect(await pair.device.execute([3303, 0, 5605])).toMatchObject({ code: '2.04' });
    expect(values(await pair.device.read([3303, 0]))).toMatchObject({ '/3303/0/5601': 25, '/3303/0/5602': 25 });
  });

  it('refuses to execute what is no command', async () => {
    const pair = await startPair();
    expect(await pair.device.execute([3, 0, 0])).toMatchObject({ code: '4.05' });
    expect(await pair.device.execute([3, 0, 99])).toMatchObject({ code: '4.04' });
    expect(await pair.device.execute([0, 0, 0])).toMatchObject({ code: '4.01' });
  });

  it('refuses to create and delete instances', async () => {
    const { device: handle } = await startPair();
    const { endpoint, peer } = handle.registration;
    const create = await endpoint.request({
      method: 'POST',
      path: ['3303'],
      peer,
      payload: Uint8Array.of(1),
      contentFormat: 11_542,
    });
    const remove = await endpoint.request({ method: 'DELETE', path: ['3303', '0'], peer });
    const fetch = await endpoint.request({ method: 'FETCH', path: ['3303'], peer, contentFormat: 110 });
    expect([create.code, remove.code, fetch.code]).toEqual(['4.05', '4.05', '4.05']);
  });
});

describe('a registered device is explored', () => {
  const discover = async (
    pair: Awaited<ReturnType<typeof startPair>>,
    path: string,
  ): Promise<Record<string, object>> => {
    const links = await pair.device.discover(parsePath(path));
    return Object.fromEntries(links.map(({ target, attributes }) => [target, Object.fromEntries(attributes)]));
  };

  it('lists an object with its instances and resources', async () => {
    const pair = await startPair();
    const links = await discover(pair, '/3');
    expect(Object.keys(links)).toEqual([
      '/3',
      '/3/0',
      ...[0, 1, 2, 3, 4, 9, 11, 12, 13, 14, 15, 16].map((id) => `/3/0/${id}`),
    ]);
    expect(links['/3/0/11']).toEqual({ dim: '1' });
  });

  it('shows the attributes that were written, and what a path inherits', async () => {
    const pair = await startPair();
    expect(await pair.device.writeAttributes([3303], ['pmin=10'])).toMatchObject({ code: '2.04' });
    expect(await pair.device.writeAttributes([3303, 0], ['pmax=60'])).toMatchObject({ code: '2.04' });
    expect(await pair.device.writeAttributes([3303, 0, 5700], ['gt=50', 'lt=42.2'])).toMatchObject({ code: '2.04' });
    const instance = await discover(pair, '/3303/0');
    expect(instance['/3303/0']).toEqual({ pmin: '10', pmax: '60' });
    expect(instance['/3303/0/5700']).toEqual({ gt: '50', lt: '42.2' });
    expect(await discover(pair, '/3303/0/5700')).toEqual({
      '/3303/0/5700': { pmin: '10', pmax: '60', gt: '50', lt: '42.2' },
    });
    expect(await pair.device.writeAttributes([3303, 0, 5700], ['gt', 'lt'])).toMatchObject({ code: '2.04' });
    expect(await discover(pair, '/3303/0/5700')).toEqual({ '/3303/0/5700': { pmin: '10', pmax: '60' } });
  });

  it.each([
    ['an attribute that does not exist', '/3303/0/5700', ['pmid=5']],
    ['a period that is no number', '/3303/0/5700', ['pmin=soon']],
    ['a negative period', '/3303/0/5700', ['pmin=-1']],
    ['thresholds that contradict each other', '/3303/0/5700', ['lt=20', 'gt=21', 'st=1']],
    ['a threshold on text', '/3/0/15', ['gt=1']],
    ['a threshold on an instance', '/3303/0', ['gt=1']],
    ['a step of nothing', '/3303/0/5700', ['st=0']],
    ['an attribute that comes twice', '/3303/0/5700', ['pmin=1', 'pmin=2']],
  ])('refuses %s', async (_what, path, attributes) => {
    const pair = await startPair();
    expect(await pair.device.writeAttributes(parsePath(path), attributes)).toMatchObject({ code: '4.00' });
    expect(await discover(pair, path)).toMatchObject({ [path]: {} });
  });

  it('does not show the Security object', async () => {
    const pair = await startPair();
    await expect(pair.device.discover([0])).rejects.toThrow(/4\.01/);
  });
});

describe('a registered device is observed', () => {
  it('sends what changes, until the observation is cancelled', async () => {
    const pair = await startPair();
    const seen: unknown[] = [];
    let wake = (): void => {};
    const count = async (wanted: number): Promise<void> => {
      while (seen.length < wanted) await new Promise<void>((resolve) => (wake = resolve));
    };
    const first = await pair.device.observe([3303, 0, 5700], (answer) => {
      seen.push(answer.data[0]?.value);
      wake();
    });
    expect(values(first)).toEqual({ '/3303/0/5700': 20 });
    pair.thermometer.measure(21.25);
    await count(1);
    pair.thermometer.measure(21.25);
    pair.thermometer.measure(22.5);
    await count(2);
    expect(seen).toEqual([21.25, 22.5]);
    expect(await pair.device.cancel([3303, 0, 5700])).toMatchObject({ code: '2.05' });
    pair.thermometer.measure(30);
    expect(values(await pair.device.read([3303, 0, 5700]))).toEqual({ '/3303/0/5700': 30 });
    expect(seen).toEqual([21.25, 22.5]);
    expect(pair.device.observed).toEqual([]);
  });

  it('can be observed as a whole instance', async () => {
    const pair = await startPair();
    const notified = new Promise<DeviceAnswer>((resolve) => {
      pair.device.observe([3303, 0], resolve).then((answer) => {
        expect(values(answer)).toMatchObject({ '/3303/0/5700': 20 });
        pair.thermometer.measure(-100);
      }, expect.unreachable);
    });
    expect(values(await notified)).toMatchObject({ '/3303/0/5700': -40, '/3303/0/5701': 'Cel' });
  });

  it('does not begin an observation of what cannot be read', async () => {
    const pair = await startPair();
    for (const [path, code] of [
      ['/0/0/0', '4.01'],
      ['/99', '4.04'],
      ['/3/0/4', '4.05'],
    ] as const) {
      expect(await pair.device.observe(parsePath(path), () => expect.unreachable())).toMatchObject({ code });
    }
    expect(pair.device.observed).toEqual([]);
  });
});
