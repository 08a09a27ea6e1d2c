// Original file: proto/kedge/v1/trust.proto


export interface SignatureInput {
  'keyId'?: (Buffer | Uint8Array | string);
  'signature'?: (Buffer | Uint8Array | string);
}

export interface SignatureOutput {
  'keyId': (Buffer);
  'signature': (Buffer);
}
