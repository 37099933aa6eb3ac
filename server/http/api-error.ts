/** A problem that a client is told of, in the words of the API. */
export class ApiError extends Error {
  readonly status: number;
  readonly type: string;
  readonly param: string | null;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, message: string, { type = typeOf(status), param = null, headers = {} }: ApiErrorDetail = {}) {
    super(message);
    this.status = status;
    this.type = type;
    this.param = param;
    this.headers = headers;
  }

  /** As OpenAI has it: the HTTP status equals `code`. */
  get body(): ErrorBody {
    return { error: { message: this.message, type: this.type, param: this.param, code: this.status } };
  }
}

export interface ApiErrorDetail {
  readonly type?: string | undefined;
  /** The field of the body that is wrong. */
  readonly param?: string | null | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

export interface ErrorBody {
  readonly error: { readonly message: string; readonly type: string; readonly param: string | null; readonly code: number };
}

const types: Readonly<Record<number, string>> = {
  400: 'BadRequestError',
  401: 'AuthenticationError',
  403: 'PermissionDeniedError',
  404: 'NotFoundError',
  405: 'MethodNotAllowedError',
  408: 'RequestTimeoutError',
  409: 'ConflictError',
  413: 'RequestEntityTooLargeError',
  415: 'UnsupportedMediaTypeError',
  422: 'UnprocessableEntityError',
  429: 'RateLimitError',
  431: 'RequestHeaderFieldsTooLargeError',
  500: 'InternalServerError',
  503: 'ServiceUnavailableError',
};

function typeOf(status: number): string {
  return types[status] ?? (status < 500 ? 'BadRequestError' : 'InternalServerError');
}
