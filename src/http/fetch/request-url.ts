// The URL of a request: from its target and its Host field (RFC 9110 section 7.1), as a URL object
// would write it. Most targets are written so already, and are not parsed for it.
import type { Exchange } from '../exchange';

/** Targets that a URL keeps as they are: nothing to escape, and no empty first segment. */
const PLAIN = /^\/(?!\/)[A-Za-z0-9\-._~!$&()*+,;=:@/]*(?:\?[A-Za-z0-9\-._~!$&()*+,;=:@/?%]*)?$/;
/** Hosts whose form is remembered. */
const HOSTS_MAX = 64;

/** Hosts as they were sent, and as a URL writes them; '' for what is no host. */
const hosts = new Map<string, string>();

function writtenHost(host: string): string {
  const known = hosts.get(host);
  if (known !== undefined) return known;
  const text = `http://${host}/`;
  const written = URL.canParse(text) ? new URL(text).host : '';
  if (hosts.size === HOSTS_MAX) hosts.clear();
  hosts.set(host, written);
  return written;
}

/** Undefined when target and Host make no URL. */
export function requestUrl(exchange: Exchange): string | undefined {
  const { target } = exchange;
  const host = writtenHost(exchange.header('host') || 'localhost');
  if (host === '') return undefined;
  if (PLAIN.test(target) && !target.includes('/.')) return `http://${host}${target}`;
  // Absolute-form: the target says it all, whatever Host is (RFC 9112 section 3.2.2).
  const text = target.startsWith('/') || target === '*' ? `http://${host}${target}` : target;
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  return url.protocol === 'http:' || url.protocol === 'https:' ? url.href : undefined;
}
