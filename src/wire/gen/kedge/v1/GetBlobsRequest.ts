// Original file: proto/kedge/v1/admin.proto


export interface GetBlobsRequestInput {
  'ids'?: (Buffer | Uint8Array | string)[];
}

export interface GetBlobsRequestOutput {
  'ids': (Buffer)[];
}
