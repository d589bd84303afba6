import { fileURLToPath } from 'node:url';
import { buildJava, howToGetJava, type JavaProgram } from '../../src/java.js';
import type { Peer } from '../../src/peer.js';
import { gaps } from './gaps.js';

/** The programs that {@link leshan} has built. */
export interface LeshanPrograms {
  /** Leshan's demo server, as it is published: its last version on Maven Central is an old one. */
  readonly server: JavaProgram;
  /** A server of ours on Leshan's server library, which is published for newer versions. */
  readonly library: JavaProgram;
  /** A device of ours on Leshan's client library: Leshan's own demo client is not published for every version. */
  readonly device: JavaProgram;
}

let programs: LeshanPrograms | undefined;

/** Eclipse Leshan: LwM2M over DTLS, a server and a device. */
export const leshan: Peer = {
  name: 'leshan',
  title: 'Eclipse Leshan',
  howToGet: howToGetJava,
  gaps,
  find: () => {
    const [server, library, device] = [build('server'), build('library'), build('client')];
    if (server === undefined || library === undefined || device === undefined) return undefined;
    programs = { server, library, device };
    const demo = server.version('leshan-server-demo');
    return `demo server ${demo}, server ${library.version('leshan-server-cf')}, client ${device.version('leshan-client-cf')}`;
  },
};

/** What `find` has built. */
export function leshanPrograms(): LeshanPrograms {
  if (programs === undefined) throw new Error('find the peer first');
  return programs;
}

function build(folder: 'server' | 'library' | 'client'): JavaProgram | undefined {
  return buildJava(fileURLToPath(new URL(folder, import.meta.url)));
}
