/**
 * `kedge peer issue`: a certificate with a SPIFFE ID for a node, a client or an admin.
 *
 * @module
 */
import { randomBytes } from 'node:crypto';
import { isIP } from 'node:net';
import { basename, dirname, join } from 'node:path';
import { parseUtf8 } from '../../core/bytes.ts';
import { KedgeError } from '../../core/errors.ts';
import { parseRealmName, type RealmName } from '../../core/ids.ts';
import { parseCertificateFile } from '../../x509/file.ts';
import { issueLeaf } from '../../x509/issue.ts';
import { parseDurationSeconds } from '../durations.ts';
import { createFile, makeDirectory, readInput, replaceFile, requireAbsent } from '../files.ts';
import { addExamples, collect, hinted, parseArgument } from '../help.ts';
import { formatFacts } from '../release/certificates.ts';
import type { Session } from '../session.ts';
import type { CommandModule } from '../table/module.ts';

interface Options {
  readonly realm?: string;
  readonly ca: string;
  readonly name?: readonly string[];
  readonly validFor: string;
  readonly out?: string;
  readonly replace?: boolean;
}

const FILE_MAX_BYTES = 64 * 1024;
const PATH = /^[A-Za-z0-9._-]+(?:\/[A-Za-z0-9._-]+)*$/;
const SPIFFE_MAX_CHARS = 2048;
/** Host names of RFC 1123, with `*` as the first label. */
const DNS_NAME = /^(?=.{1,253}$)(?:\*\.)?(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.?)+$/i;

/** The command. */
export const peerIssue: CommandModule = {
  configure(command, session) {
    command
      .description(
        'Issue a certificate from the CA of `kedge peer ca`. Its SPIFFE ID is ' +
          'spiffe://<realm>/<path>; nodes map it to a role (peers and identities in their ' +
          'configuration). A node also needs the names under which it is reached (--name).',
      )
      .argument('<path>', 'path of the SPIFFE ID: node/<id>, client/<name> or admin/<name>')
      .option('--name <dns-or-ip>', 'DNS name or IP address of a server; repeat it', collect)
      .option('--realm <name>', 'realm (default: from the profile)')
      .option('--ca <file>', 'certificate of the CA; its key is beside it as .key', 'tls/ca.pem')
      .option('--valid-for <duration>', 'how long it is valid', '365d')
      .option('--out <file>', 'certificate to write (default: beside the CA, <last part>.pem)')
      .option(
        '--replace',
        'put a new certificate and key in place of those that are there, for all names of the ' +
          'old certificate and those of --name; a running node takes both up by itself',
      )
      .action((path: string, options: Options) => run(session, path, options));
    addExamples(command, [
      'kedge peer issue node/iad-1 --name iad-1.kedge.example.org --name 10.0.0.4',
      'kedge peer issue admin/ana --valid-for 90d',
      'kedge peer issue client/payments-api --out /secure/payments-api.pem',
      'kedge peer issue node/iad-1 --replace --name iad-1.internal.example.org',
    ]);
  },
};

async function run(session: Session, path: string, options: Options): Promise<void> {
  const realm = await requireRealm(session, options);
  const id = spiffeId(realm, path);
  const ca = session.path(options.ca);
  const certFile = session.path(options.out ?? join(dirname(options.ca), `${basename(path)}.pem`));
  const keyFile = keyPath(certFile);
  const old = options.replace === true ? await namesIn(certFile) : [];
  const names = [...new Set([...old, ...(options.name ?? []).map(serverName)])];
  if (path.startsWith('node/') && names.length === 0) {
    throw new KedgeError('CONFIG', 'a node needs the names under which others reach it', {
      detail: { hint: 'give --name, for example --name iad-1.kedge.example.org --name 127.0.0.1' },
    });
  }
  if (options.replace !== true) await requireBothAbsent(certFile, keyFile);
  const issued = issueLeaf({
    commonName: basename(path),
    nowMs: session.context.nowMs(),
    validForMs: parseArgument('--valid-for', options.validFor, parseDurationSeconds) * 1000,
    serial: () => randomBytes(16),
    issuer: {
      certificatePem: await readText(ca, 'CA certificate'),
      keyPem: await readText(keyPath(ca), 'CA key'),
    },
    uris: [id],
    dnsNames: names.filter((name) => isIP(name) === 0),
    ips: names.filter((name) => isIP(name) !== 0),
  });
  await makeDirectory(dirname(certFile));
  const place = options.replace === true ? replaceFile : createFile;
  await place(keyFile, issued.keyPem, 'private');
  await place(certFile, issued.certificatePem, 'public');
  session.output.result(
    { identity: id, names, certFile, keyFile, sha256: issued.facts.id },
    `Issued ${id}${names.length > 0 ? ` for ${names.join(', ')}` : ''}:\n` +
      `${formatFacts(issued.facts, session.context.nowMs())}\n\n` +
      `  ${certFile}  certFile\n  ${keyFile}  keyFile, secret`,
  );
}

async function requireRealm(session: Session, options: Options): Promise<RealmName> {
  if (options.realm !== undefined) return parseArgument('--realm', options.realm, parseRealmName);
  const { realm } = await session.profile();
  if (realm !== undefined) return realm;
  throw new KedgeError('CONFIG', 'the realm is not known', {
    detail: { hint: 'give --realm, or set `realm:` in kedge.yaml' },
  });
}

async function requireBothAbsent(certFile: string, keyFile: string): Promise<void> {
  const hint = 'give another --out, or --replace to put a new pair in its place';
  await hinted({ STORE: hint }, async () => {
    await requireAbsent(certFile);
    await requireAbsent(keyFile);
  });
}

/** The names under which a server with this certificate is reached. */
async function namesIn(certFile: string): Promise<readonly string[]> {
  const hint = 'check the path; where there is no certificate to replace yet, leave --replace away';
  const bytes = await hinted({ CONFIG: hint }, () =>
    readInput(certFile, { what: 'certificate', maxBytes: FILE_MAX_BYTES }),
  );
  const [leaf] = parseCertificateFile(bytes);
  return leaf === undefined ? [] : [...leaf.dnsNames, ...leaf.ips];
}

function spiffeId(realm: RealmName, path: string): string {
  const id = `spiffe://${realm}/${path}`;
  const dotted = path.split('/').some((part) => part === '.' || part === '..');
  if (PATH.test(path) && !dotted && id.length <= SPIFFE_MAX_CHARS) return id;
  throw new KedgeError('CONFIG', `not a path of a SPIFFE ID: ${JSON.stringify(path)}`, {
    detail: { hint: 'for example node/iad-1, client/payments-api or admin/ana' },
  });
}

function serverName(name: string): string {
  if (isIP(name) !== 0 || DNS_NAME.test(name)) return name;
  throw new KedgeError('CONFIG', `--name: no DNS name or IP address: ${JSON.stringify(name)}`, {
    detail: { hint: 'for example iad-1.kedge.example.org or 10.0.0.4' },
  });
}

function keyPath(certFile: string): string {
  return certFile.endsWith('.pem') ? `${certFile.slice(0, -4)}.key` : `${certFile}.key`;
}

async function readText(path: string, what: string): Promise<string> {
  return parseUtf8(await readInput(path, { what, maxBytes: FILE_MAX_BYTES }));
}
