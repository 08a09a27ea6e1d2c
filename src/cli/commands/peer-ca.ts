/**
 * `kedge peer ca`: makes a CA for the connections of a first deployment.
 *
 * @module
 */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { parseRealmName } from '../../core/ids.ts';
import { issueCa } from '../../x509/issue.ts';
import { parseDurationSeconds } from '../durations.ts';
import { createFile, makeDirectory, requireAbsent } from '../files.ts';
import { addExamples, parseArgument } from '../help.ts';
import { formatFacts } from '../release/certificates.ts';
import type { Session } from '../session.ts';
import type { CommandModule } from '../table/module.ts';

interface Options {
  readonly realm?: string;
  readonly dir: string;
  readonly validFor: string;
  readonly workload?: boolean;
}

const FOR_CONNECTIONS = {
  commonName: 'Kedge connections',
  what: 'the connections of nodes, clients and admins',
  certificate: 'caFile of every node, client and admin',
  next: () => 'kedge peer issue node/<id>, kedge peer issue admin/<name>',
} as const;

/** Of programs that trust each other by a bundle. */
const FOR_PROGRAMS = {
  commonName: 'Programs',
  what: 'programs that trust it by a bundle',
  certificate: 'what is published: an anchor of a bundle',
  next: (certFile: string, realm: string) =>
    `kedge anchor add ${certFile} --bundle <name>\n` +
    `      kedge peer issue server/<name> --realm ${realm} --ca ${certFile} --name <host>`,
} as const;

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
      .option('--workload', 'for programs and not for nodes: a CA to publish in a bundle')
      .action((options: Options) => run(session, options));
    addExamples(command, [
      'kedge peer ca --realm prod.example.org',
      'kedge peer ca --dir /secure/tls --valid-for 730d',
      'kedge peer ca --workload --realm payments.example.org --dir payments',
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
  const texts = options.workload === true ? FOR_PROGRAMS : FOR_CONNECTIONS;
  const issued = issueCa({
    commonName: `${texts.commonName} of ${realm ?? 'this deployment'}`,
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
    `Made a CA for ${texts.what}:\n${formatFacts(issued.facts, session.context.nowMs())}\n\n` +
      `  ${certFile}  ${texts.certificate}\n` +
      `  ${keyFile}  secret; only \`kedge peer issue\` needs it\n` +
      `Next: ${texts.next(session.shown(certFile), realm ?? '<realm>')}`,
  );
}
