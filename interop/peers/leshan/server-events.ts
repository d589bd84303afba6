/** Something that Leshan's server tells its web page. */
export interface ServerEvent {
  /** `REGISTRATION`, `UPDATED`, `DEREGISTRATION`, `NOTIFICATION`, `COAPLOG` … */
  readonly name: string;
  readonly data: unknown;
}

/** How long an event may take, ms. */
const patience = 60_000;

/** The stream of events about one device that Leshan's server sends to its web page, in order. */
export class ServerEvents implements AsyncDisposable {
  readonly #reader: ReadableStreamDefaultReader<string>;
  readonly #seen: ServerEvent[] = [];
  #text = '';

  private constructor(body: ReadableStream<string>) {
    this.#reader = body.getReader();
  }

  /** @throws Error there is no such stream. */
  static async of(url: string): Promise<ServerEvents> {
    const { ok, status, body } = await fetch(url, { headers: { accept: 'text/event-stream' } });
    if (!ok || body === null) throw new Error(`${url}: ${status}`);
    return new ServerEvents(body.pipeThrough(new TextDecoderStream()));
  }

  /** The next event of this name, and what `wanted` takes out of it; events before it are passed over. @throws Error none came. */
  async next<T>(name: string, wanted: (data: unknown) => T | undefined): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<undefined>((resolve) => {
      timer = setTimeout(() => resolve(undefined), patience);
    });
    try {
      for (;;) {
        const event = await Promise.race([this.#take(), late]);
        if (event === undefined) break;
        this.#seen.push(event);
        const found = event.name === name ? wanted(event.data) : undefined;
        if (found !== undefined) return found;
      }
    } finally {
      clearTimeout(timer);
    }
    const last = this.#seen.slice(-10).map((event) => JSON.stringify(event));
    throw new Error(`no ${name} came that was waited for; the last events:\n${last.join('\n')}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#reader.cancel();
  }

  /** The next event, or undefined at the end of the stream. */
  async #take(): Promise<ServerEvent | undefined> {
    for (;;) {
      const end = /\r?\n\r?\n/.exec(this.#text);
      if (end !== null) {
        const event = parseEvent(this.#text.slice(0, end.index));
        this.#text = this.#text.slice(end.index + end[0].length);
        if (event !== undefined) return event;
        continue;
      }
      const { done, value } = await this.#reader.read();
      if (done) return undefined;
      this.#text += value;
    }
  }
}

/** WHATWG HTML §9.2.6, as far as this server goes: one line of data for each event. */
function parseEvent(text: string): ServerEvent | undefined {
  const name = /^event: ?(.*)$/m.exec(text)?.[1]?.trim();
  const data = /^data: ?(.*)$/m.exec(text)?.[1]?.trim();
  return name === undefined || data === undefined ? undefined : { name, data: JSON.parse(data) };
}
