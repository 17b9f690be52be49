import protobuf from '@temporalio/proto';

const { google, temporal } = protobuf;
type Detail = 'NotFoundFailure' | 'NamespaceNotFoundFailure' | 'ResourceExhaustedFailure';

/** An error as grpc-js makes it, with the detail that Temporal sends along. */
export function grpcError(code: number, details = 'no', detail?: Detail): Error {
  const status = detail && {
    code,
    message: details,
    details: [
      {
        type_url: `type.googleapis.com/temporal.api.errordetails.v1.${detail}`,
        value: temporal.api.errordetails.v1[detail].encode({}).finish(),
      },
    ],
  };
  const trailers = status ? [Buffer.from(google.rpc.Status.encode(status).finish())] : [];
  return Object.assign(new Error(`${code}: ${details}`), {
    code,
    details,
    metadata: { get: (key: string) => (key === 'grpc-status-details-bin' ? trailers : []) },
  });
}
