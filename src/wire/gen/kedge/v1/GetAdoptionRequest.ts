// Original file: proto/kedge/v1/admin.proto


export interface GetAdoptionRequestInput {
  'bundle'?: (string);
}

export interface GetAdoptionRequestOutput {
  'bundle': (string);
}
