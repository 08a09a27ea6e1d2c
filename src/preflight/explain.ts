/**
 * Why a chain leads to no anchor, in words.
 *
 * @module
 */
import type { Certificate } from './certificates.ts';
import type { ChainSearch } from './chain-search.ts';
import type { Route } from './paths.ts';
import type { Absence } from './trust-store.ts';

/** An anchor that does not count. */
export function absenceText({ name }: Certificate, { message }: Absence): string {
  return `"${name}" ${message}`;
}

/** Nobody who could have issued it is an anchor of any state. */
export function strandedText(
  search: ChainSearch,
  route: Exclude<Route, { kind: 'ends' }>,
): { readonly reason: 'wrong-key' | 'no-path'; readonly text: string } {
  const top = route.links.at(-1) ?? search.leaf;
  if (route.kind === 'misled') {
    const text =
      `"${route.taken.name}" has the name of the issuer of "${top.name}" and another key, and no ` +
      'key identifier tells them apart';
    return { reason: 'wrong-key', text };
  }
  if (search.certificates.isSelfSigned(top)) {
    const what = top === search.leaf ? 'it is signed by itself' : `"${top.name}" above it`;
    return { reason: 'no-path', text: `${what} and is no anchor` };
  }
  if (search.store.get(top) !== undefined) {
    const text = `"${top.name}" is an anchor and no root; OpenSSL wants the root above it as well`;
    return { reason: 'no-path', text };
  }
  const namesakes = [...search.othersNamed(top.issuer), ...search.sent].filter((other) => {
    const relation = search.certificates.relation(top, other);
    return relation === 'other-key' || relation === 'lookalike';
  });
  const [namesake] = namesakes;
  if (namesake !== undefined) {
    const text = `"${namesake.name}" has the name of the issuer of "${top.name}" and another key`;
    return { reason: 'wrong-key', text };
  }
  const text = `who issued "${top.name}" is neither sent nor an anchor (${issuerOf(top)})`;
  return { reason: 'no-path', text };
}

function issuerOf({ x509 }: Certificate): string {
  return x509.issuer.split('\n').join(', ').slice(0, 200);
}
