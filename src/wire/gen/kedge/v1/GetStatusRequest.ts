// Original file: proto/kedge/v1/admin.proto


export interface GetStatusRequestInput {
}

export interface GetStatusRequestOutput {
}
