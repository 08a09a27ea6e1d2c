/**
 * Checks of the host itself: kernel settings, limits of the process, time service, Node.
 *
 * The network settings are there because of long round trips: after an idle second the kernel
 * forgets how much a connection carries, and a release then takes several round trips instead of
 * one (docs/benchmarks.md has figures).
 *
 * @module
 */
import { PEERS_MAX } from '../../core/limits.ts';
import type { Finding, Surroundings } from './finding.ts';
import { HostFacts } from './host-facts.ts';

const SOMAXCONN_MIN = 4096;
/** What a node has open beside connections: LevelDB's tables, listeners, libraries. */
const OTHER_FILES = 300;
const MEMORY_WARN_BYTES = 512 * 1024 * 1024;
const MEMORY_FAIL_BYTES = 128 * 1024 * 1024;
const NODE_MIN = [20, 19] as const;
const TIME_SERVICES = [
  'run/systemd/timesync/synchronized',
  'run/chrony/chronyd.pid',
  'run/chrony/chronyd.sock',
  'run/chronyd.pid',
  'run/ntpd.pid',
];

/** What a node is meant for. */
export interface HostDemand {
  readonly maxSubscribers: number;
  /** Processes that do TLS with programs. */
  readonly clientWorkers: number;
}

/** Checks a host for a node. */
export async function checkHost(
  surroundings: Surroundings,
  { maxSubscribers, clientWorkers }: HostDemand,
): Promise<readonly Finding[]> {
  const facts = new HostFacts(surroundings.root);
  const { process, nodeVersion } = surroundings;
  return [
    checkNodeVersion(nodeVersion),
    await checkTimeService(facts),
    checkOpenFiles(await facts.openFilesMax(process), maxSubscribers),
    checkMemory(await facts.memoryMaxBytes(process)),
    checkSlowStart(await facts.setting('net.ipv4.tcp_slow_start_after_idle')),
    checkBacklog(await facts.setting('net.core.somaxconn')),
    checkCongestion(await facts.setting('net.ipv4.tcp_congestion_control')),
    ...(clientWorkers === 0 ? [] : [checkWorkers(await facts.processors(), clientWorkers)]),
  ];
}

function checkNodeVersion(version: string): Finding {
  const check = 'node-version';
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major > NODE_MIN[0] || (major === NODE_MIN[0] && minor >= NODE_MIN[1])) {
    return { check, verdict: 'ok', what: `Node ${version}` };
  }
  const what = `Node ${version}: Kedge needs ${NODE_MIN.join('.')} or later`;
  return { check, verdict: 'fail', what, remedy: 'install Node 20.19 or later: nodejs.org' };
}

async function checkTimeService(facts: HostFacts): Promise<Finding> {
  const check = 'time-service';
  for (const place of TIME_SERVICES) {
    if (await facts.has(place)) return { check, verdict: 'ok', what: `runs (/${place})` };
  }
  if ((await facts.has('.dockerenv')) || (await facts.has('run/.containerenv'))) {
    return { check, verdict: 'ok', what: 'in a container the clock is that of the host' };
  }
  return {
    check,
    verdict: 'warn',
    what:
      'no sign of one that sets the clock; a clock that is minutes off refuses releases and ' +
      'certificates that are good',
    remedy: 'timedatectl set-ntp true',
  };
}

function checkOpenFiles(limit: number | undefined, maxSubscribers: number): Finding {
  const check = 'open-files';
  if (limit === undefined) return unknown(check, 'how many files a process may open');
  const needed = maxSubscribers + PEERS_MAX + OTHER_FILES;
  const sum =
    `${String(maxSubscribers)} subscribers (limits.maxSubscribers) + ${String(PEERS_MAX)} ` +
    `nodes + ${String(OTHER_FILES)} others`;
  if (limit >= needed) {
    return { check, verdict: 'ok', what: `${String(limit)} may be open, ${sum} are at most` };
  }
  return {
    check,
    verdict: 'fail',
    what: `${String(limit)} may be open, but ${sum} could be: connections would be refused`,
    remedy:
      `ulimit -Hn ${String(needed)}, LimitNOFILE=${String(needed)} in the systemd unit, or a ` +
      'smaller limits.maxSubscribers',
  };
}

function checkMemory(limit: number | undefined): Finding {
  const check = 'memory';
  if (limit === undefined) return unknown(check, 'how much memory a process may use');
  const what = `${String(Math.round(limit / 1024 / 1024))} MiB for this process`;
  if (limit >= MEMORY_WARN_BYTES) return { check, verdict: 'ok', what };
  return {
    check,
    verdict: limit < MEMORY_FAIL_BYTES ? 'fail' : 'warn',
    what: `${what}: little for many streams and subscribers, the kernel may end the node`,
    remedy: 'MemoryMax=1G in the systemd unit, mem_limit in compose, or a larger machine',
  };
}

function checkSlowStart(value: string | undefined): Finding {
  const name = 'net.ipv4.tcp_slow_start_after_idle';
  if (value === undefined) return unknown('slow-start', name);
  if (value === '0') return { check: 'slow-start', verdict: 'ok', what: `${name} = 0` };
  return {
    check: 'slow-start',
    verdict: 'warn',
    what: `${name} = ${value}: after a pause each release takes several round trips`,
    remedy: `sysctl -w ${name}=0 (to keep it: deploy/kedge-sysctl.conf)`,
  };
}

function checkBacklog(value: string | undefined): Finding {
  const name = 'net.core.somaxconn';
  if (value === undefined) return unknown('backlog', name);
  if (Number(value) >= SOMAXCONN_MIN) {
    return { check: 'backlog', verdict: 'ok', what: `${name} = ${value}` };
  }
  return {
    check: 'backlog',
    verdict: 'warn',
    what: `${name} = ${value}: when many clients reconnect at once, some have to try again`,
    remedy: `sysctl -w ${name}=${String(SOMAXCONN_MIN)} (to keep it: deploy/kedge-sysctl.conf)`,
  };
}

function checkCongestion(value: string | undefined): Finding {
  const name = 'net.ipv4.tcp_congestion_control';
  if (value === undefined) return unknown('congestion', name);
  return { check: 'congestion', verdict: 'ok', what: `${name} = ${value}` };
}

function checkWorkers(processors: number | undefined, workers: number): Finding {
  const check = 'client-workers';
  if (processors === undefined) return unknown(check, 'how many processors there are');
  const what = `${String(workers)} for ${String(processors)} processors`;
  if (workers <= processors) return { check, verdict: 'ok', what };
  return {
    check,
    verdict: 'warn',
    what: `${what}: more only cost memory, some 50 MB each`,
    remedy: `tls.clientWorkers: ${String(processors)}`,
  };
}

function unknown(check: string, what: string): Finding {
  return { check, verdict: 'warn', what: `cannot be read here: ${what}` };
}
