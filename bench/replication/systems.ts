/**
 * All systems that are measured side by side.
 *
 * @module
 */
import { kedge } from './kedge.ts';
import type { System } from './system.ts';

/** Kedge first. */
export const SYSTEMS: readonly System[] = [kedge];
