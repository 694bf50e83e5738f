// What is offloaded by name.
import { threadId } from 'node:worker_threads';

export default function double(number) {
  return { doubled: number * 2, elsewhere: threadId !== 0 };
}

export async function later({ milliseconds, value }) {
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
  return value;
}

export const noFunction = 7;
