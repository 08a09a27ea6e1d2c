/**
 * How cases begin in which a client demands regions: three regions, two of which must agree.
 */
import { CaseBuilder, type CaseOptions } from './case-builder.ts';
import { anchorEntry, bodyValue, type Doc, type JsonObject, listRegions } from './realm.ts';

/** The regions of these cases; each has the key of its name. */
export const REGIONS: readonly string[] = ['fra', 'iad', 'sin'];
/** For cases that are about what a client demands. */
export const DEMAND: CaseOptions = {
  requireRegions: 2,
  skip: {
    peer: 'a node demands nothing of regions',
    admin: 'a node demands nothing of regions',
  },
};

/** Lists three regions in a charter. */
export function threeRegions(charter: JsonObject): void {
  listRegions(charter, { fra: ['fra'], iad: ['iad'], sin: ['sin'] });
}

/** A body that says something of its own. */
export function noted(note: string): JsonObject {
  return bodyValue([anchorEntry('one')], { note });
}

/** A case that begins with a charter of three regions, and a first release, not offered yet. */
export function begun(
  name: string,
  about: string,
  options: CaseOptions = DEMAND,
  change: (charter: JsonObject) => void = threeRegions,
): readonly [CaseBuilder, Doc, Doc] {
  const builder = new CaseBuilder(name, about, options);
  const charter = builder.begin(change);
  return [builder, charter, builder.release(noted('1'))];
}

/** The same, and the release is in use. */
export function inUse(
  name: string,
  about: string,
  options: CaseOptions = DEMAND,
): readonly [CaseBuilder, Doc, Doc] {
  const [builder, charter, first] = begun(name, about, options);
  builder.cosigned([first], REGIONS, 'accepted');
  builder.apply(first, 'accepted');
  return [builder, charter, first];
}
