/** Random webs of CAs with name constraints and revocation lists, and leaves with many names. */
import type { IssuedCertificate } from '../../src/x509/issue.ts';
import {
  alternativeNames,
  makeList,
  type NewExtension,
  name,
  nameConstraints,
  remade,
  SIGNS_LISTS,
  scope,
} from './remade.ts';
import { below, DAY_MS, leaf, NOW_MS, root } from './support.ts';

type Roll = (sides: number) => number;

/** What one case is made of. */
export interface RandomWeb {
  readonly anchors: readonly IssuedCertificate[];
  /** The leaf first. */
  readonly sent: readonly IssuedCertificate[];
  readonly lists: readonly Uint8Array[];
}

const HOSTS = ['api.example.org', 'example.org', 'www.example.net', 'API.Example.Org'];
const PARTS = ['example.org', '.example.org', 'example.net', '', 'api.example.org', 'org'];
const EMAILS = ['ana@example.org', 'ben@mail.example.org', 'ana@Example.ORG', 'nobody'];
const URIS = [
  'spiffe://api.example.org/a',
  'https://example.net:443/',
  'https://api.example.org',
  'urn:x',
];

/** Keys are the same in all webs: they take longest to make. */
const KEYS = ['A', 'B', 'C', 'A'].map((commonName) => root(commonName));

function pick<T>(roll: Roll, from: readonly T[]): T {
  const one = from[roll(from.length)];
  if (one === undefined) throw new RangeError('nothing to pick from');
  return one;
}

function someName(roll: Roll): Uint8Array {
  switch (roll(6)) {
    case 0:
    case 1:
      return name.dns(pick(roll, HOSTS));
    case 2:
      return name.email(pick(roll, EMAILS));
    case 3:
      return name.uri(pick(roll, URIS));
    case 4:
      return name.ip(10, roll(2), 2, 3);
    default:
      return roll(3) === 0 ? name.registered() : name.dns(pick(roll, HOSTS));
  }
}

function someBase(roll: Roll, all: readonly IssuedCertificate[]): Uint8Array {
  switch (roll(8)) {
    case 0:
    case 1:
    case 2:
      return name.dns(pick(roll, PARTS));
    case 3:
      return name.email(pick(roll, [...PARTS, ...EMAILS]));
    case 4:
      return name.uri(pick(roll, PARTS));
    case 5:
      return name.ip(10, roll(2), 0, 0, 255, pick(roll, [0, 255]), 0, 0);
    case 6:
      return name.subjectOf(pick(roll, all));
    default:
      return roll(4) === 0 ? name.registered() : name.dns('example.org');
  }
}

function limitsOf(roll: Roll, all: readonly IssuedCertificate[]): readonly NewExtension[] {
  if (roll(3) > 0) return [SIGNS_LISTS];
  const some = (count: number): readonly Uint8Array[] =>
    Array.from({ length: count }, () => someBase(roll, all));
  return [SIGNS_LISTS, nameConstraints(some(roll(4)), some(roll(2)))];
}

/** CAs of three names that have signed each other; one name has two keys. */
function authorities(
  roll: Roll,
  leaves: readonly IssuedCertificate[],
): readonly IssuedCertificate[] {
  const roots = KEYS.map((ca) => remade(ca, ca, ...limitsOf(roll, leaves)));
  const cross = KEYS.slice(0, 3).flatMap((issuer) =>
    KEYS.flatMap((ca) => {
      const { subject } = ca.facts;
      if (subject === issuer.facts.subject || roll(2) === 0) return [];
      const made = below(issuer, subject.replace('CN=', ''), { keyPem: ca.keyPem });
      return [remade(made, issuer, ...limitsOf(roll, leaves))];
    }),
  );
  return [...roots, ...cross];
}

function someList(
  roll: Roll,
  issuer: IssuedCertificate,
  listed: readonly IssuedCertificate[],
): readonly Uint8Array[] {
  if (roll(8) === 0) return [];
  const fromMs = NOW_MS - 10 * DAY_MS;
  const own = listed.filter(() => roll(6) === 0);
  const terms = {
    revoked: own,
    ...(roll(2) === 0 && { reason: roll(6) }),
    fromMs,
    toMs: NOW_MS + (roll(8) === 0 ? -DAY_MS : 30 * DAY_MS),
    ...(roll(8) === 0 && { scope: [pick(roll, Object.values(SCOPES))] }),
  };
  const forged = roll(10) === 0 ? { keyPem: pick(roll, KEYS).keyPem } : {};
  const list = makeList(issuer, { ...terms, ...forged });
  // A newer one takes back what the older one says, or adds to it.
  const isTwice = roll(4) === 0 && Object.keys(forged).length === 0;
  const newer = { ...terms, revoked: own.slice(1), fromMs: fromMs + DAY_MS };
  return isTwice ? [makeList(issuer, newer), list] : [list];
}

const SCOPES = { users: scope.usersOnly, authorities: scope.authoritiesOnly };

/** One case; `lists`: with revocation lists. */
export function randomWeb(roll: Roll, lists: 'with-lists' | 'without'): RandomWeb {
  const issuer = pick(roll, KEYS);
  const plain = leaf(issuer, { to: 2000 });
  const names = Array.from({ length: roll(3) }, () => someName(roll));
  const end = remade(plain, issuer, alternativeNames(...names));
  const cas = authorities(roll, [end, ...KEYS]);
  const anchors = cas.filter(() => roll(2) > 0);
  const between = cas.filter(() => roll(2) > 0).toSorted(() => roll(3) - 1);
  const all = lists === 'without' ? [] : KEYS.flatMap((ca) => someList(roll, ca, [end, ...cas]));
  return { anchors, sent: [end, ...between], lists: all };
}
