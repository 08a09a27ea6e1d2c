/**
 * What revocation lists say of the certificates of paths.
 *
 * A list counts once the issuer of a certificate has signed it, by its key, and may sign lists. Of
 * lists for the same part of its certificates the newest that has not ended counts. What is on one
 * is revoked; what is on none is not revoked only where a list that has not ended is about it.
 * Lists are taken as renewed in time, like leaves: the present alone is asked. Source: RFC 5280
 * section 6.3, as OpenSSL 3 does with `-crl_check_all`.
 *
 * @module
 */
import { readFields } from '../core/anchors/certificate-fields.ts';
import { readDirectoryName } from '../core/anchors/directory-name.ts';
import { encodeHex } from '../core/bytes.ts';
import { elementContent } from '../core/der.ts';
import { readDistributionPoints } from '../x509/list-scope.ts';
import { isSignedBy, type RevocationList, type RevokedEntry } from '../x509/revocation-list.ts';
import type { Certificate } from './certificates.ts';

/** A list as somebody gave it. */
export interface RecordedList {
  /** Where it came from, for people. */
  readonly name: string;
  readonly list: RevocationList;
}

/** What is known of one certificate. */
export type Standing =
  | { readonly kind: 'revoked'; readonly entry: RevokedEntry }
  | { readonly kind: 'clear' }
  /** No list that counts is about it. */
  | { readonly kind: 'unknown' };

/**
 * What became of a list. `used`: it counts; `unused`: nobody that was looked at has its name;
 * `forged`: those who have its name have not signed it; `not-allowed`: who signed it may not sign
 * lists; `ended`, `early`: it is not for the present.
 */
export type ListUse = 'used' | 'unused' | 'forged' | 'not-allowed' | 'ended' | 'early';

/** A list with its use. */
export interface ListReport extends RecordedList {
  readonly use: ListUse;
  /** Who has its name, for people. */
  readonly issuer?: string;
}

/** The first is the likeliest thing to say of a list that several had to do with. */
const USES: readonly ListUse[] = ['used', 'ended', 'early', 'not-allowed', 'forged', 'unused'];
const TAKEN_BACK = 'removeFromCRL';

/** All lists of a plan. */
export class Revocations {
  readonly #startMs: number;
  readonly #byIssuer = new Map<string, RecordedList[]>();
  readonly #standings = new Map<Certificate, Map<Certificate, Standing>>();
  readonly #counting = new Map<Certificate, readonly RecordedList[]>();
  readonly #reports = new Map<RecordedList, ListReport>();

  constructor(lists: readonly RecordedList[], startMs: number) {
    this.#startMs = startMs;
    for (const recorded of lists) {
      const key = recorded.list.issuer.join('\n');
      const same = this.#byIssuer.get(key);
      if (same === undefined) this.#byIssuer.set(key, [recorded]);
      else same.push(recorded);
      this.#reports.set(recorded, { ...recorded, use: 'unused' });
    }
  }

  /** Each list, in the order in which they were given. */
  get reports(): readonly ListReport[] {
    return [...this.#reports.values()];
  }

  /** What is known of a certificate; `issuer` has issued it, a root itself. */
  standingOf(certificate: Certificate, issuer: Certificate): Standing {
    const found = this.#standings.get(certificate) ?? new Map<Certificate, Standing>();
    const known = found.get(issuer);
    if (known !== undefined) return known;
    const standing = this.#judge(certificate, issuer);
    this.#standings.set(certificate, found.set(issuer, standing));
    return standing;
  }

  #judge(certificate: Certificate, issuer: Certificate): Standing {
    const lists = this.#countingFor(issuer);
    if (lists.length === 0) return { kind: 'unknown' };
    const { serial } = readFields(certificate.der);
    const number = encodeHex(elementContent(certificate.der, serial));
    for (const { list } of lists) {
      const entry = list.entries.get(number);
      if (entry !== undefined && entry.reason !== TAKEN_BACK) return { kind: 'revoked', entry };
    }
    const isAbout = lists.some(({ list }) => this.#isPresent(list) && covers(list, certificate));
    return { kind: isAbout ? 'clear' : 'unknown' };
  }

  /** Of each part of the certificates of an issuer one list: the newest, an ended one last. */
  #countingFor(issuer: Certificate): readonly RecordedList[] {
    const known = this.#counting.get(issuer);
    if (known !== undefined) return known;
    const best = new Map<string, RecordedList>();
    for (const recorded of this.#byIssuer.get(nameOf(issuer)) ?? []) {
      const use = useOf(recorded.list, issuer, this.#startMs);
      this.#note(recorded, { use, issuer: issuer.name });
      if (use !== 'used' && use !== 'ended') continue;
      const part = JSON.stringify(recorded.list.scope);
      const other = best.get(part);
      if (other === undefined || this.#isBetter(recorded.list, other.list)) {
        best.set(part, recorded);
      }
    }
    const lists = [...best.values()];
    this.#counting.set(issuer, lists);
    return lists;
  }

  #note(recorded: RecordedList, now: Pick<ListReport, 'use' | 'issuer'>): void {
    const { use = 'unused' } = this.#reports.get(recorded) ?? {};
    if (USES.indexOf(now.use) >= USES.indexOf(use)) return;
    this.#reports.set(recorded, { ...recorded, ...now });
  }

  #isPresent({ nextUpdateMs = Infinity }: RevocationList): boolean {
    return this.#startMs <= nextUpdateMs;
  }

  #isBetter(one: RevocationList, other: RevocationList): boolean {
    const [isPresent, isOther] = [this.#isPresent(one), this.#isPresent(other)];
    return isPresent === isOther ? one.thisUpdateMs > other.thisUpdateMs : isPresent;
  }
}

function nameOf({ der }: Certificate): string {
  return readDirectoryName(der, readFields(der).subject).join('\n');
}

function useOf(list: RevocationList, issuer: Certificate, startMs: number): ListUse {
  if (!isSignedBy(list, issuer.x509.publicKey)) return 'forged';
  if (!issuer.maySignLists) return 'not-allowed';
  if (list.thisUpdateMs > startMs) return 'early';
  return startMs > (list.nextUpdateMs ?? Infinity) ? 'ended' : 'used';
}

function covers({ scope }: RevocationList, { isCa, der }: Certificate): boolean {
  const { kinds, points, reasons } = scope;
  if (reasons === 'some' || kinds === 'none') return false;
  if (kinds !== 'all' && (kinds === 'authorities') !== isCa) return false;
  if (points === undefined) return true;
  const own = readDistributionPoints(der);
  return points.some((point) => own.includes(point));
}
