// Original file: proto/kedge/v1/trust.proto


export interface RevealedKeyInput {
  'alg'?: (string);
  'spki'?: (Buffer | Uint8Array | string);
}

export interface RevealedKeyOutput {
  'alg': (string);
  'spki': (Buffer);
}
