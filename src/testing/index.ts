/**
 * The public names of `kedge/testing`: everything that a program's own tests may use.
 * `docs/testing.md` is the guide. Whatever else lies in this folder is for the tests of Kedge.
 *
 * @module
 */
export type {
  TestAuthority,
  TestCertificate,
  TestCertificateOptions,
} from './kit/authority.ts';
export type { TestClock } from './kit/clock.ts';
export type { TestContent } from './kit/content.ts';
export type { TestEndpoint } from './kit/loopback.ts';
export {
  type TestPublication,
  type TestRealm,
  type TestRealmOptions,
  type TestSourceOptions,
  testRealm,
} from './kit/realm.ts';
