/**
 * A name of the DOM library that the types of `age-encryption` use for hardware passkeys, which
 * Kedge does not use: declared so that the project compiles with library checks on.
 *
 * @module
 */
interface AuthenticationExtensionsPRFValues {
  readonly first: ArrayBuffer | ArrayBufferView;
  readonly second?: ArrayBuffer | ArrayBufferView;
}
