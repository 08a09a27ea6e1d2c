/**
 * Name constraints inside certificates: which names a CA may vouch for, by its own certificate.
 *
 * As OpenSSL 3 evaluates them: of every CA of a path, the root included, over every certificate
 * below that is not issued for itself by its own name, and over the leaf in any case; the common
 * names of a leaf without DNS names count as such. A form of name that cannot be compared is
 * refused where a constraint is about it, an e-mail address in a subject that is not ASCII always.
 * Source: RFC 5280 sections 4.2.1.10 and 6.1.
 *
 * @module
 */
import { readFields } from '../core/anchors/certificate-fields.ts';
import { encodeHex } from '../core/bytes.ts';
import { type DerElement, elementContent, readChildren } from '../core/der.ts';
import { KedgeError } from '../core/errors.ts';
import {
  type CertificateNames,
  type GeneralName,
  readGeneralName,
  SMTP_UTF8_MAILBOX,
} from './general-names.ts';
import { isWithin } from './name-matching.ts';

/** What a CA may vouch for. `odd`: it cannot be read, so it may vouch for nothing. */
export type NameConstraints =
  | {
      readonly kind: 'read';
      readonly permitted: readonly Subtree[];
      readonly excluded: readonly Subtree[];
    }
  | { readonly kind: 'odd' };

interface Subtree {
  readonly base: GeneralName;
  /** False: it has bounds on depth, which RFC 5280 forbids. */
  readonly isPlain: boolean;
}

const OID_NAME_CONSTRAINTS = '551d1e';
const TAG = { permitted: 0xa0, excluded: 0xa1, minimum: 0x80 } as const;
/** Comparisons that one certificate may cost; OpenSSL refuses more as well. */
const COMPARISONS_MAX = 1 << 20;
const NAME_SHOWN_CHARS = 100;

/** The constraints of a CA; absent without any. */
export function readNameConstraints(der: Uint8Array): NameConstraints | undefined {
  try {
    const value = readFields(der).extensions.get(OID_NAME_CONSTRAINTS)?.value;
    if (value === undefined) return undefined;
    const lists = readChildren(der, value);
    const subtreesOf = (wanted: number): readonly Subtree[] =>
      lists.filter(({ tag }) => tag === wanted).flatMap((list) => readSubtrees(der, list));
    return {
      kind: 'read',
      permitted: subtreesOf(TAG.permitted),
      excluded: subtreesOf(TAG.excluded),
    };
  } catch (thrown) {
    if (KedgeError.from(thrown).code === 'BUG') throw thrown;
    return { kind: 'odd' };
  }
}

function readSubtrees(der: Uint8Array, list: DerElement): readonly Subtree[] {
  return readChildren(der, list).flatMap((subtree): readonly Subtree[] => {
    const [base, ...bounds] = readChildren(der, subtree);
    if (base === undefined) throw new KedgeError('PARSE', 'a name constraint without a name');
    const isZero = (bound: DerElement): boolean =>
      bound.tag === TAG.minimum && elementContent(der, bound).every((byte) => byte === 0);
    return [{ base: readGeneralName(der, base), isPlain: bounds.every(isZero) }];
  });
}

/**
 * The name that a CA may not vouch for, for people; nothing when it may vouch for all of them.
 * `names`: undefined when they cannot be read.
 */
export function nameBeyond(
  names: CertificateNames | undefined,
  constraints: NameConstraints,
  place: 'leaf' | 'above',
): string | undefined {
  if (constraints.kind === 'odd') return 'anything: its name constraints cannot be read';
  if (names === undefined) return 'names that cannot be read';
  const all = namesLookedAt(names, place);
  const subtrees = constraints.permitted.length + constraints.excluded.length;
  if (all.length * subtrees > COMPARISONS_MAX) return 'so many names';
  const unreadable = names.subjectEmails.find(({ isIa5 }) => !isIa5);
  if (unreadable !== undefined) return shown({ kind: 'email', text: unreadable.text });
  const beyond = all.find((name) => !isAllowed(name, constraints));
  return beyond === undefined ? undefined : shown(beyond);
}

function namesLookedAt(
  { subject, subjectEmails, commonNames, alternatives }: CertificateNames,
  place: 'leaf' | 'above',
): readonly GeneralName[] {
  const isLeafWithoutDns = place === 'leaf' && alternatives.every(({ kind }) => kind !== 'dns');
  return [
    ...(subject.length === 0 ? [] : [{ kind: 'directory', name: subject } as const]),
    ...subjectEmails.map(({ text }) => ({ kind: 'email', text }) as const),
    ...alternatives,
    ...(isLeafWithoutDns ? commonNames.filter(isDnsLike) : []).map(
      (text) => ({ kind: 'dns', text }) as const,
    ),
  ];
}

function isAllowed(
  name: GeneralName,
  { permitted, excluded }: Extract<NameConstraints, { kind: 'read' }>,
): boolean {
  const own = ({ base }: Subtree): boolean => isSameForm(name, base);
  const [allowing, forbidding] = [permitted.filter(own), excluded.filter(own)];
  if (![...allowing, ...forbidding].every(({ isPlain }) => isPlain)) return false;
  const relations = (subtrees: readonly Subtree[]): readonly (boolean | undefined)[] =>
    subtrees.map(({ base }) => isWithin(name, base));
  const [inside, outside] = [relations(allowing), relations(forbidding)];
  // Where one cannot be compared nobody knows what was meant.
  if ([...inside, ...outside].includes(undefined)) return false;
  return (inside.length === 0 || inside.includes(true)) && !outside.includes(true);
}

function isSameForm(name: GeneralName, base: GeneralName): boolean {
  if (name.kind !== 'other') return name.kind === base.kind;
  if (name.form === SMTP_UTF8_MAILBOX && base.kind === 'email') return true;
  return base.kind === 'other' && name.form === base.form;
}

/** What OpenSSL takes for a host name: two labels at least, which begin and end as labels do. */
function isDnsLike(commonName: string): boolean {
  const text = commonName.replace(/\0+$/, '');
  return /^[a-z0-9_][a-z0-9_-]*(\.[a-z0-9_][a-z0-9_-]*)+$/i.test(text) && !/-\.|-$/.test(text);
}

function shown(name: GeneralName): string {
  switch (name.kind) {
    case 'directory':
      return 'its subject';
    case 'ip':
      return `the address ${addressOf(name.bytes)}`;
    case 'other':
      return 'a name of another form';
    case 'dns':
    case 'email':
    case 'uri':
      return `the ${KINDS[name.kind]} ${name.text.slice(0, NAME_SHOWN_CHARS)}`;
  }
}

const KINDS = { dns: 'DNS name', email: 'e-mail address', uri: 'URI' } as const;

function addressOf(bytes: Uint8Array): string {
  return bytes.length === 4 ? bytes.join('.') : encodeHex(bytes);
}
