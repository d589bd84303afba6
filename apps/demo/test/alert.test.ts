import { AlertDescription, alertError, errnoError } from '@avs-net/core';
import { describe, expect, it } from 'vitest';
import { alertOf, describeAlert } from '../src/alert.js';
import { explain } from '../src/commands/explain.js';

const alert = (direction: 'sent' | 'received', description: number): Error =>
  alertError({ direction, level: 2, description });
const attempt = { target: 'coaps://server:5684', identity: 'me' };

describe('an alert', () => {
  it.each([
    [
      'received',
      AlertDescription.decrypt_error,
      /^coaps:\/\/server:5684 does not accept .* \(the server ended .* with decrypt_error\)/,
    ],
    [
      'sent',
      AlertDescription.illegal_parameter,
      /^coaps:\/\/server:5684: this device ended the handshake with illegal_parameter$/,
    ],
    ['received', 199, /^coaps:\/\/server:5684: the server ended the handshake with alert 199$/],
  ] as const)('%s in a handshake is told by name: %d', (direction, description, line) => {
    expect(explain(alert(direction, description), attempt)).toMatch(line);
  });

  it.each([
    ['received', 'the server ended it with bad_record_mac'],
    ['sent', 'this device ended it with bad_record_mac'],
  ] as const)('%s later is told by name, however deep it lies', (direction, line) => {
    const error = new Error('outer', { cause: alert(direction, AlertDescription.bad_record_mac) });
    expect(explain(error, { ...attempt, when: 'connected' })).toBe(line);
    expect(alertOf(error)).toBe(20);
  });

  it('that is close_notify, or none, is no failure', () => {
    for (const error of [alert('received', 0), errnoError('ECONNREFUSED', 'x'), 'text', undefined]) {
      expect(alertOf(error)).toBeUndefined();
      expect(describeAlert(error, 'a', 'b')).toBeUndefined();
    }
  });

  it('is looked for in no endless chain of causes', () => {
    const error = new Error('again');
    error.cause = error;
    expect(alertOf(error)).toBeUndefined();
  });
});
