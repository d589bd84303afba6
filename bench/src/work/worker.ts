// A contestant on Node, as native/limit.c is one without: it is asked on its standard input, a question a line, and answers with a line.
// Its argument is the implementation: openssl, pure, portable or naive.
import { createInterface } from 'node:readline';
import { measureAssociations } from './associations.js';
import { timeHandshakes } from './handshakes.js';
import { timeRecords } from './records.js';
import { Unable } from './unable.js';

const [implementation = ''] = process.argv.slice(2);

for await (const question of createInterface({ input: process.stdin })) {
  process.stdout.write(`${await answer(question)}\n`);
}

async function answer(question: string): Promise<string> {
  const [work, suite = '', kind = '', count = ''] = question.split(' ');
  try {
    switch (work) {
      case 'records':
        return String(await timeRecords(implementation, suite, Number(kind), Number(count)));
      case 'handshakes':
        return String(await timeHandshakes(implementation, suite, kind, Number(count)));
      case 'associations': {
        const { heap, resident, idle } = await measureAssociations(implementation, suite, Number(kind), Number(count));
        return `${heap} ${resident} ${idle}`;
      }
      case 'version':
        return `Node ${process.versions.node}, OpenSSL ${process.versions.openssl}`;
      default:
        return 'no such question';
    }
  } catch (error) {
    if (error instanceof Unable) return `no ${error.message}`;
    throw error;
  }
}
