import type { DeviceAnswer, DeviceHandle } from '../lwm2m/device-handle.js';
import { formatPath, type Path } from '../lwm2m/path.js';
import { expectCode, expectThat, expectValues } from './demo-checks.js';

const temperature: Path = [3303, 0, 5700];

/** The temperature of a device, observed; each notification is a line. */
export class WatchedTemperature {
  readonly #device: DeviceHandle;
  readonly #say: (line: string) => void;
  readonly #signal: AbortSignal;
  #count = 0;
  #failure: unknown;
  #wake = (): void => {};

  private constructor(device: DeviceHandle, say: (line: string) => void, signal: AbortSignal) {
    this.#device = device;
    this.#say = say;
    this.#signal = signal;
    signal.addEventListener('abort', () => this.#wake());
  }

  /** Begins. `signal` ends what waits for notifications. @throws UserError the device does not answer as it should. */
  static async observe(
    device: DeviceHandle,
    say: (line: string) => void,
    signal: AbortSignal,
  ): Promise<WatchedTemperature> {
    const watched = new WatchedTemperature(device, say, signal);
    const answer = await device.observe(temperature, (notification) => watched.#take(notification));
    say(`observing ${formatPath(temperature)}: ${readTemperature(answer)} °C now`);
    return watched;
  }

  /** Waits for as many more notifications. @throws UserError one of them is not as it should be; the signal's reason. */
  async notified(more: number): Promise<void> {
    const wanted = this.#count + more;
    while (this.#count < wanted) {
      if (this.#failure !== undefined) throw this.#failure;
      this.#signal.throwIfAborted();
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Ends. @throws UserError the device does not answer as it should. */
  async cancel(): Promise<void> {
    expectCode(await this.#device.cancel(temperature), '2.05', 'the end of the observation');
    this.#say(`cancelled the observation after ${this.#count} notifications`);
  }

  #take(notification: DeviceAnswer): void {
    try {
      this.#say(`  notification: ${readTemperature(notification)} °C`);
      this.#count += 1;
    } catch (error) {
      this.#failure = error;
    }
    this.#wake();
  }
}

function readTemperature(answer: DeviceAnswer): number {
  const value = expectValues(answer, 'the temperature').data[0]?.value;
  expectThat(typeof value === 'number', 'the temperature is not a number');
  return value as number;
}
