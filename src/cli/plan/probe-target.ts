/**
 * Whom to ask for certificates, as it is written on the command line:
 * `host:port[,servername=<name>][,starttls=smtp|postgres]`.
 *
 * @module
 */
import { KedgeError } from '../../core/errors.ts';
import type { ProbeTarget } from './probe.ts';
import { STARTTLS_PROTOCOLS } from './starttls.ts';

const ENDPOINT = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9._-]+)):(\d{1,5})$/;
const SERVERNAME = /^[A-Za-z0-9._-]{1,253}$/;
const PORT_MAX = 65_535;
const HINT =
  'write host:port, [address]:port for IPv6, and after it if needed ,servername=<name> or ' +
  `,starttls=${STARTTLS_PROTOCOLS.join('|')}`;

/** Parses one. Errors: `CONFIG`. */
export function parseProbeTarget(text: string): ProbeTarget {
  const [endpoint = '', ...settings] = text.split(',');
  const [, address, named, digits] = ENDPOINT.exec(endpoint) ?? [];
  const host = address ?? named;
  const port = Number(digits);
  if (host === undefined || !(port >= 1 && port <= PORT_MAX)) {
    throw wrong(`${JSON.stringify(endpoint)} is not host:port`);
  }
  let target: ProbeTarget = { name: endpoint, host, port };
  for (const setting of settings) target = { ...target, ...parseSetting(setting) };
  const { servername } = target;
  return servername === undefined ? target : { ...target, name: `${endpoint} (${servername})` };
}

function parseSetting(text: string): Pick<ProbeTarget, 'servername' | 'startTls'> {
  const [key, value = ''] = text.split('=');
  if (key === 'servername' && SERVERNAME.test(value)) return { servername: value };
  const startTls = STARTTLS_PROTOCOLS.find((protocol) => protocol === value);
  if (key === 'starttls' && startTls !== undefined) return { startTls };
  throw wrong(`${JSON.stringify(text)} is no setting of a probe`);
}

function wrong(what: string): KedgeError {
  return new KedgeError('CONFIG', what, { detail: { hint: HINT } });
}
