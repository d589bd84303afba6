import { hrtime } from 'node:process';
import type { Connection } from './implementation.js';

/** A message that begins with this is sent back. */
export const echoed = 0x65;

/** A message that begins with this is counted. */
const counted = 0x73;

/** Sends that the system has not taken yet, at most. */
const outstanding = 32;

function message(kind: number, size: number): Uint8Array {
  const data = new Uint8Array(size).fill(0x61);
  data[0] = kind;
  return data;
}

/** Sends a message and waits until it has come back, `count` times. Returns the time, ns. */
export function timeEchoes(connection: Connection, size: number, count: number): Promise<bigint> {
  return new Promise((resolve, reject) => {
    const data = message(echoed, size);
    const sent = (error?: unknown): void => {
      if (error) reject(error);
    };
    let left = count;
    const start = hrtime.bigint();
    connection.onMessage = (echo) => {
      if (echo.length !== size) reject(new Error(`${echo.length} bytes came back`));
      left -= 1;
      if (left === 0) resolve(hrtime.bigint() - start);
      else connection.send(data, sent);
    };
    connection.send(data, sent);
  });
}

/** Sends `count` messages, as fast as the system takes them. */
export function flood(connection: Connection, size: number, count: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const data = message(counted, size);
    let left = count;
    let pending = 0;
    const done = (error?: unknown): void => {
      if (error) reject(error);
      pending -= 1;
      if (left === 0 && pending === 0) resolve();
      else send();
    };
    const send = (): void => {
      while (left > 0 && pending < outstanding) {
        left -= 1;
        pending += 1;
        connection.send(data, done);
      }
    };
    send();
  });
}
