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
import { rehearse } from '../../grpc/tls/rehearsal.ts';
import { phaseOf } from '../certificate-expiry.ts';
import type { NodeConfig, TlsConfig } from '../config.ts';
import { parseAddress } from '../config-values.ts';
import { nameProblem, wantedName } from '../own-name.ts';
import { loadTlsFiles, type TlsFiles } from '../tls-files.ts';
import type { Finding } from './finding.ts';

/** Mode bits of everybody who is neither owner nor group. */
const OTHERS = 0o007;
const WILDCARD = /^(?:0\.0\.0\.0|::)$/;

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
    const remedy = issue(config);
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
    what:
      (isOver ? `expired at ${ends}: others refuse this node` : `ends soon, at ${ends}`) +
      '; a running node takes a new one up by itself',
    remedy: renew(config),
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

function checkIdentity(config: NodeConfig, leaf: X509Certificate): Finding {
  const check = 'identity';
  const problem = nameProblem(config, leaf);
  if (problem === undefined) {
    return { check, verdict: 'ok', what: `names ${wantedName(config)}` };
  }
  return {
    check,
    verdict: 'fail',
    what: `${problem}: the node does not start`,
    remedy: `${issue(config)}, and name its files in tls; or set realm, node.id or peers.identity`,
  };
}

function checkHostName(config: NodeConfig, leaf: X509Certificate): Finding {
  const check = 'host-name';
  const address = config.node.address ?? config.listen.clients ?? config.listen.peers;
  const host = address === undefined ? 'localhost' : parseAddress(address).host;
  if (WILDCARD.test(host)) {
    return { check, verdict: 'ok', what: 'cannot be told: node.address names no host' };
  }
  const known = isIP(host) === 0 ? leaf.checkHost(host) : leaf.checkIP(host);
  if (known !== undefined) return { check, verdict: 'ok', what: `${host} is in the certificate` };
  return {
    check,
    verdict: 'warn',
    what:
      `${host} is not in the certificate: clients and admins that dial it refuse this node; a ` +
      'new one keeps the names that this one has',
    remedy: `${renew(config)} --name ${host}`,
  };
}

async function checkKeyMode({ keyFile }: TlsConfig): Promise<Finding> {
  const check = 'key-file';
  const { mode } = await stat(keyFile);
  if ((mode & OTHERS) === 0) return { check, verdict: 'ok', what: 'other users may not read it' };
  const what = `every user of this machine may use ${keyFile}, and be this node`;
  return { check, verdict: 'fail', what, remedy: `chmod o= ${keyFile}` };
}

// For deployments with a CA of `kedge peer ca`; its key may be elsewhere.
function issue({ node, realm, listen }: NodeConfig): string {
  const { host } = parseAddress(node.address ?? listen.peers ?? 'localhost:0');
  const name = WILDCARD.test(host) ? 'localhost' : host;
  return `kedge peer issue node/${node.id} --realm ${realm} --name ${name}`;
}

function renew({ node, realm, tls }: NodeConfig): string {
  const isPair = tls?.keyFile === tls?.certFile.replace(/(?:\.pem)?$/, '.key');
  const files = isPair && tls !== undefined ? ` --ca ${tls.caFile} --out ${tls.certFile}` : '';
  return `kedge peer issue node/${node.id} --realm ${realm}${files} --replace`;
}
