// SO_REUSEPORT on the node host.

/** node:net and node:dgram pass the option on from these versions (and ignored it before). */
export function canReusePort(): boolean {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  return major > 23 || (major === 23 && minor >= 1) || (major === 22 && minor >= 12);
}
