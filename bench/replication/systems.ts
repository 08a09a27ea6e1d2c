/**
 * All systems that are measured side by side.
 *
 * @module
 */
import { etcd } from './etcd.ts';
import { kedge } from './kedge.ts';
import { natsCore, natsKv } from './nats.ts';
import { redis } from './redis.ts';
import { serfLan, serfWan } from './serf.ts';
import type { System } from './system.ts';

/** A short comparison: Kedge, and what is nearest to the speed of light. */
export const QUICK_SYSTEMS: readonly System[] = [kedge, natsCore];
/** Kedge first. */
export const SYSTEMS: readonly System[] = [kedge, natsCore, natsKv, redis, etcd, serfLan, serfWan];
