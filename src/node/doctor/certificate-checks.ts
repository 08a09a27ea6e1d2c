/**
 * Checks of a node's certificate: that it can be used, for how long, and whom it names.
 *
 * @module
 */
import type { X509Certificate } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { isIP } from 'node:net';
import { KedgeError } from '../../core/errors.ts';
import { formatTimestamp } from '../../core/ids.ts';
import { parseAltNames } from '../../grpc/certificate-names.ts';
import { rehearse } from '../../grpc/rehearsal.ts';
import { CallerDirectory } from '../../service/identity.ts';
import { phaseOf } from '../certificate-expiry.ts';
import type { NodeConfig, TlsConfig } from '../config.ts';
import { parseAddress } from '../config-values.ts';
import { loadTlsFiles, type TlsFiles } from '../tls-files.ts';
import type { Finding } from './finding.ts';

/** Mode bits of everybody who is neither owner nor group. */
const OTHERS = 0o007;

/** Checks the files that `tls` names. */
export async function checkCertificates(
  config: NodeConfig,
  nowMs: number,
): Promise<readonly Finding[]> {
  const { tls } = config;
  if (tls === undefined) {
    const what = 'none: without TLS everybody on this machine may do everything; for trials only';
    return [{ check: 'certificate', verdict: 'warn', what, remedy: 'kedge peer issue --help' }];
  }
  let files: TlsFiles;
  try {
    files = await loadTlsFiles(tls);
  } catch (thrown) {
    const { message } = KedgeError.from(thrown);
    const remedy = reissue(config);
    return [{ check: 'certificate', verdict: 'fail', what: message, remedy }];
  }
  return [
    checkDates(config, files.pair.leaf, nowMs),
    await checkVoucher(tls, files),
    checkIdentity(config, files.pair.leaf),
    checkHostName(config, files.pair.leaf),
    await checkKeyMode(tls),
  ];
}

function checkDates(config: NodeConfig, leaf: X509Certificate, nowMs: number): Finding {
  const check = 'certificate';
  const ends = formatTimestamp(Date.parse(leaf.validTo));
  if (Date.parse(leaf.validFrom) > nowMs) {
    const what = `is valid from ${formatTimestamp(Date.parse(leaf.validFrom))} on, which is later`;
    return { check, verdict: 'fail', what, remedy: 'check the clock of this machine: date -u' };
  }
  const phase = phaseOf(leaf, nowMs);
  if (phase === undefined) {
    return { check, verdict: 'ok', what: `is that of its key, and valid until ${ends}` };
  }
  const isOver = phase === 'expired';
  return {
    check,
    verdict: isOver ? 'fail' : 'warn',
    what: isOver ? `expired at ${ends}: others refuse this node` : `ends soon, at ${ends}`,
    remedy: `${reissue(config)} (a running node reads it by itself)`,
  };
}

async function checkVoucher(tls: TlsConfig, { pair, authorities }: TlsFiles): Promise<Finding> {
  const check = 'authorities';
  const { cert, key } = pair;
  const result = await rehearse({ cert, key, callers: authorities, peers: authorities });
  if (result.outcome === 'good') {
    return { check, verdict: 'ok', what: 'tls.caFile vouches for the certificate, both ways' };
  }
  const what = `a handshake by tls.caFile is refused: ${result.reason}`;
  return tls.caBundle === undefined
    ? { check, verdict: 'fail', what, remedy: `put the issuing CA into ${tls.caFile}` }
    : { check, verdict: 'warn', what: `${what}; tls.caBundle may vouch for it, which is not seen` };
}

function checkIdentity({ node, realm, peers }: NodeConfig, leaf: X509Certificate): Finding {
  const check = 'identity';
  const pattern = peers.identity ?? `spiffe://${realm}/node/{node}`;
  const wanted = pattern.replace('{node}', node.id);
  try {
    const directory = new CallerDirectory({ identities: [], peerIdentity: pattern });
    const found = directory.nodeByCertificate(parseAltNames(leaf.subjectAltName));
    if (found === node.id) return { check, verdict: 'ok', what: `names ${wanted}` };
  } catch (thrown) {
    if (KedgeError.from(thrown).code !== 'ACCESS') throw thrown;
  }
  return {
    check,
    verdict: 'fail',
    what: `does not name ${wanted}, so other nodes refuse it (it has: ${namesIn(leaf)})`,
    remedy: `kedge peer issue node/${node.id} --realm ${realm}, or set peers.identity`,
  };
}

function checkHostName(config: NodeConfig, leaf: X509Certificate): Finding {
  const check = 'host-name';
  const address = config.node.address ?? config.listen.clients ?? config.listen.peers;
  const host = address === undefined ? 'localhost' : parseAddress(address).host;
  if (/^(?:0\.0\.0\.0|::)$/.test(host)) {
    return { check, verdict: 'ok', what: 'cannot be told: node.address names no host' };
  }
  const known = isIP(host) === 0 ? leaf.checkHost(host) : leaf.checkIP(host);
  if (known !== undefined) return { check, verdict: 'ok', what: `${host} is in the certificate` };
  return {
    check,
    verdict: 'warn',
    what: `${host} is not in the certificate: clients and admins that dial it refuse this node`,
    remedy: `kedge peer issue node/${config.node.id} --name ${host}`,
  };
}

async function checkKeyMode({ keyFile }: TlsConfig): Promise<Finding> {
  const check = 'key-file';
  const { mode } = await stat(keyFile);
  if ((mode & OTHERS) === 0) return { check, verdict: 'ok', what: 'other users may not read it' };
  const what = `every user of this machine may use ${keyFile}, and be this node`;
  return { check, verdict: 'fail', what, remedy: `chmod o= ${keyFile}` };
}

function reissue({ node, realm }: NodeConfig): string {
  return `kedge peer issue node/${node.id} --realm ${realm}`;
}

function namesIn({ subjectAltName }: X509Certificate): string {
  return (subjectAltName ?? 'no names').slice(0, 200);
}
