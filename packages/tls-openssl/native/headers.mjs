import { existsSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The prefix of the running Node if its headers lie there, so that node-gyp has nothing to download. */
export function headersPrefix() {
  const prefix = dirname(dirname(realpathSync(process.execPath)));
  return existsSync(join(prefix, 'include/node/node_api.h')) ? prefix : undefined;
}
