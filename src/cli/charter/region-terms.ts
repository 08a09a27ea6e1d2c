/**
 * The regions of a charter as options of the command line: which exist, and with which keys.
 *
 * @module
 */
import type { Command } from 'commander';
import type { Charter, Region } from '../../core/charter/model.ts';
import type { PublicKey } from '../../core/crypto.ts';
import { KedgeError } from '../../core/errors.ts';
import { parseRegionName, type RealmName, type RegionName } from '../../core/ids.ts';
import { collect, parseArgument } from '../help.ts';
import type { Session } from '../session.ts';
import { loadPublicKey } from './terms.ts';

/** How a charter's regions become others. */
export interface RegionOptions {
  readonly addRegion?: readonly string[];
  readonly replaceRegion?: readonly string[];
  readonly removeRegion?: readonly string[];
}

/** Adds the options of {@link RegionOptions} that a first charter takes. */
export function addRegionOption(command: Command): Command {
  return command.option(
    '--add-region <name=file>',
    'public key (PEM) of a node that attests for a region; a region may have several; repeat it',
    collect,
  );
}

/** Adds all options of {@link RegionOptions}. */
export function addRegionOptions(command: Command): Command {
  return addRegionOption(command)
    .option(
      '--replace-region <name=file>',
      'new public key of a region, instead of all old ones; repeat it for several',
      collect,
    )
    .option('--remove-region <name>', 'region that attests no more; repeat it', collect);
}

/** Applies the options to the regions of a charter. Errors: `CONFIG`, `PARSE`, `KEY`, `STORE`. */
export async function nextRegions(
  session: Session,
  { realm, regions: current }: Pick<Charter, 'realm' | 'regions'>,
  options: RegionOptions,
): Promise<readonly Region[]> {
  const next = new Map(current.map(({ name, keys }) => [name, keys]));
  for (const text of options.removeRegion ?? []) {
    const name = parseArgument('--remove-region', text, parseRegionName);
    if (!next.delete(name)) throw unknownRegion('--remove-region', name);
  }
  const replaced = new Set<RegionName>();
  for (const text of options.replaceRegion ?? []) {
    const { name, key } = await loadPair(session, '--replace-region', text, realm);
    const old = next.get(name);
    if (old === undefined) throw unknownRegion('--replace-region', name);
    next.set(name, replaced.has(name) ? [...old, key] : [key]);
    replaced.add(name);
  }
  for (const text of options.addRegion ?? []) {
    const { name, key } = await loadPair(session, '--add-region', text, realm);
    next.set(name, [...(next.get(name) ?? []), key]);
  }
  return [...next].map(([name, keys]) => ({ name, keys }));
}

async function loadPair(
  session: Session,
  option: string,
  text: string,
  realm: RealmName,
): Promise<{ readonly name: RegionName; readonly key: PublicKey }> {
  const at = text.indexOf('=');
  if (at < 1) {
    throw new KedgeError('CONFIG', `${option}: write <region>=<public key file>, not ${text}`, {
      detail: { hint: '`kedge region key` makes the key of a node and its public key' },
    });
  }
  const name = parseArgument(option, text.slice(0, at), parseRegionName);
  const key = await loadPublicKey(session, text.slice(at + 1), realm);
  if (key.alg === 'ed25519') return { name, key };
  throw new KedgeError('CONFIG', `${option}: regions cosign with Ed25519 keys, not ${key.alg}`, {
    detail: { hint: '`kedge region key` makes such a key' },
  });
}

function unknownRegion(option: string, name: RegionName): KedgeError {
  return new KedgeError('CONFIG', `${option}: the current charter has no region ${name}`, {
    detail: { hint: 'see kedge charter show' },
  });
}
