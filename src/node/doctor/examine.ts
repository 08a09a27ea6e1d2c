/**
 * Examines a host: can a node with this configuration run well here, and what is to change.
 *
 * Changes nothing. Each check answers for itself, so that one look shows everything.
 *
 * @module
 */
import type { NodeConfig } from '../config.ts';
import { checkAddresses } from './address-checks.ts';
import { checkCertificates } from './certificate-checks.ts';
import type { Finding, Surroundings } from './finding.ts';
import { checkHost } from './host-checks.ts';
import { checkPorts } from './port-checks.ts';
import { checkStore } from './store-checks.ts';

/** Subscribers that a host is judged for when there is no configuration: the default. */
const SUBSCRIBERS = 10_000;

/** Runs all checks; without a configuration those of the host alone. */
export async function examine(
  config: NodeConfig | undefined,
  surroundings: Surroundings,
): Promise<readonly Finding[]> {
  const host = await checkHost(surroundings, {
    maxSubscribers: config?.limits.maxSubscribers ?? SUBSCRIBERS,
    clientWorkers: config?.tls?.clientWorkers ?? 0,
  });
  if (config === undefined) return host;
  return [
    ...host,
    ...(await checkCertificates(config, surroundings.nowMs)),
    ...(await checkAddresses(config)),
    ...(await checkPorts(config, surroundings.root)),
    ...(await checkStore(config, surroundings)),
  ];
}
