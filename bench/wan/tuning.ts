/**
 * How TCP behaves on the hosts of a network. Each host has settings of its own.
 *
 * One setting of the machine is touched: hosts may only use what is on its list of allowed
 * congestion controls, so what is missing there is added, and taken away again afterwards.
 *
 * @module
 */
import { readFileSync, writeFileSync } from 'node:fs';
import type { Wan } from './wan.ts';

/** Settings that matter for short messages after a pause. */
export interface TcpSetting {
  readonly congestion: string;
  /** 1, the kernel's default, forgets after a pause how much the way can carry. */
  readonly slowStartAfterIdle: '0' | '1';
}

/** Congestion controls that hosts may use until this is disposed. */
export interface CongestionControls extends Disposable {
  readonly names: readonly string[];
}

const AVAILABLE = '/proc/sys/net/ipv4/tcp_available_congestion_control';
const ALLOWED = '/proc/sys/net/ipv4/tcp_allowed_congestion_control';

/** Those of cubic and bbr that the kernel has; none where hosts have no settings of their own. */
export function allowCongestionControls(wan: Wan): CongestionControls {
  if (wan.tune === undefined) return { names: [], [Symbol.dispose]: () => undefined };
  const available = words(AVAILABLE);
  const names = ['cubic', 'bbr'].filter((name) => available.includes(name));
  const before = words(ALLOWED);
  writeFileSync(ALLOWED, [...new Set([...before, ...names])].join(' '));
  return { names, [Symbol.dispose]: () => writeFileSync(ALLOWED, before.join(' ')) };
}

/** Sets it on all hosts; congestion control holds for connections that are opened afterwards. */
export function tuneTcp(wan: Wan, { congestion, slowStartAfterIdle }: TcpSetting): void {
  for (const host of wan.hosts) {
    wan.tune?.(host, 'net/ipv4/tcp_congestion_control', congestion);
    wan.tune?.(host, 'net/ipv4/tcp_slow_start_after_idle', slowStartAfterIdle);
  }
}

function words(file: string): readonly string[] {
  return readFileSync(file, 'utf8').trim().split(/\s+/);
}
