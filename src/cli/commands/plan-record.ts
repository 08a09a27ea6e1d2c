/**
 * `kedge plan record`: writes down the chains of servers, for plans on other days and elsewhere.
 *
 * @module
 */
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { KedgeError } from '../../core/errors.ts';
import { replaceFile } from '../files.ts';
import { addExamples } from '../help.ts';
import { chainJson } from '../plan/chains-file.ts';
import { addProbeOptions, type ProbeOptions, recordChains } from '../plan/evidence.ts';
import type { Session } from '../session.ts';
import type { CommandModule } from '../table/module.ts';
import { countOf } from '../terminal/styles.ts';

interface Options extends ProbeOptions {
  readonly out: string;
}

/** The command. */
export const planRecord: CommandModule = {
  configure(command, session) {
    command
      .description(
        'Ask servers for their certificates, without any decision about trust, and write the ' +
          'chains as they were sent to a file for kedge plan --chains. Certificates are public; ' +
          'the file is no secret. Exit code 1 when a server did not answer.',
      )
      .argument(
        '<servers...>',
        'host:port, and after commas if needed servername=<name>, starttls=smtp, starttls=postgres',
      )
      .requiredOption(
        '-o, --out <file>',
        'file to write anew, with its folder; by convention *.jsonl',
      );
    addProbeOptions(command);
    command.action((servers: string[], options: Options) => run(session, servers, options));
    addExamples(command, [
      'kedge plan record api.example.org:443 mail.example.org:25,starttls=smtp -o chains.jsonl',
      'kedge plan record $(cat servers.txt) -o chains.jsonl --parallel 64',
    ]);
  },
};

async function run(session: Session, servers: readonly string[], options: Options): Promise<void> {
  const { chains, unread } = await recordChains(session, servers, options);
  if (chains.length === 0) {
    throw new KedgeError('UNAVAILABLE', 'no server has shown a certificate; nothing is written', {
      detail: {
        hint: 'check that the servers run, that they listen there, and what stands above of each',
        servers: unread.slice(0, 16).map(({ name, reason }) => `${name}: ${reason}`),
      },
    });
  }
  const path = session.path(options.out);
  const lines = chains.map((chain) => `${JSON.stringify(chainJson(chain))}\n`);
  await mkdir(dirname(path), { recursive: true });
  await replaceFile(path, lines.join(''), 'public');
  session.conclude(unread.length === 0 ? 'good' : 'findings');
  const shown = session.shown(path);
  const missing = unread.length === 0 ? '' : `; ${countOf(unread.length, 'server')} did not answer`;
  session.output.result(
    {
      file: path,
      chains: chains.map(({ name, chain }) => ({ name, certificates: chain.length })),
      unread: unread.map(({ name, reason }) => ({ name, reason })),
    },
    `Wrote ${countOf(chains.length, 'chain')} to ${shown}${missing}. ` +
      `Next: kedge plan <draft> --chains ${shown}`,
  );
}
