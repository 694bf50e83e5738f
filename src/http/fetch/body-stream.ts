// The body of a request as a stream: read when somebody pulls, and not before.
import type { RequestBody } from '../request-body';

export function bodyStream(body: RequestBody): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const chunk = await body.read();
        if (chunk === null) controller.close();
        else controller.enqueue(chunk);
      },
      cancel() {
        body.drop();
      },
    },
    { highWaterMark: 0 },
  );
}
