/**
 * `kedge peer ca`: makes a CA for the connections of a first deployment.
 *
 * @module
 */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { parseRealmName } from '../../core/ids.ts';
import { issueCa } from '../../x509/issue.ts';
import { formatFacts } from '../certificates.ts';
import type { CommandModule } from '../command-module.ts';
import { parseDurationSeconds } from '../durations.ts';
import { createFile, makeDirectory, requireAbsent } from '../files.ts';
import { addExamples, parseArgument } from '../help.ts';
import type { Session } from '../session.ts';

interface Options {
  readonly realm?: string;
  readonly dir: string;
  readonly validFor: string;
}

/** The command. */
export const peerCa: CommandModule = {
  configure(command, session) {
    command
      .description(
        'Make a CA for the mutual TLS between nodes, clients and admins, so that a first ' +
          'deployment needs no other tool. It has nothing to do with the trust that Kedge ' +
          'distributes; where you run SPIRE or a PKI of your own, use that. Guard ca.key: ' +
          'whoever has it can connect as anybody.',
      )
      .option('--realm <name>', 'realm, for the name of the CA (default: from the profile)')
      .option('--dir <directory>', 'where to write ca.pem and ca.key; never overwritten', 'tls')
      .option('--valid-for <duration>', 'how long it is valid', '1825d')
      .action((options: Options) => run(session, options));
    addExamples(command, [
      'kedge peer ca --realm prod.example.org',
      'kedge peer ca --dir /secure/tls --valid-for 730d',
    ]);
  },
};

async function run(session: Session, options: Options): Promise<void> {
  const profile = await session.profile();
  const realm =
    options.realm === undefined
      ? profile.realm
      : parseArgument('--realm', options.realm, parseRealmName);
  const folder = session.path(options.dir);
  const certFile = join(folder, 'ca.pem');
  const keyFile = join(folder, 'ca.key');
  await requireAbsent(certFile);
  await requireAbsent(keyFile);
  const issued = issueCa({
    commonName: `Kedge connections of ${realm ?? 'this deployment'}`,
    nowMs: session.context.nowMs(),
    validForMs: parseArgument('--valid-for', options.validFor, parseDurationSeconds) * 1000,
    serial: () => randomBytes(16),
    pathLen: 0,
  });
  await makeDirectory(folder);
  await createFile(keyFile, issued.keyPem, 'private');
  await createFile(certFile, issued.certificatePem, 'public');
  session.output.result(
    { certFile, keyFile, sha256: issued.facts.id },
    `Made a CA for connections:\n${formatFacts(issued.facts, session.context.nowMs())}\n\n` +
      `  ${certFile}  caFile of every node, client and admin\n` +
      `  ${keyFile}  secret; only \`kedge peer issue\` needs it\n` +
      'Next: kedge peer issue node/<id>, kedge peer issue admin/<name>',
  );
}
