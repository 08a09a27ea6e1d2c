// Original file: proto/kedge/v1/admin.proto


export interface GetRolloutRequestInput {
  'bundle'?: (string);
}

export interface GetRolloutRequestOutput {
  'bundle': (string);
}
