// Original file: proto/kedge/v1/admin.proto


export interface ListStreamsRequestInput {
}

export interface ListStreamsRequestOutput {
}
