// What the Node that runs this has of hosts and of what a kernel may have, as JSON: for
// scripts/arm64.mjs.

const { capabilities, chooseHost, hosts } = require('../build/js/src/index.js');

const features = Object.values(capabilities().features);

console.log(
  JSON.stringify({
    preferred: chooseHost().name,
    /** Why each host cannot run: empty for those that can. */
    hosts: Object.fromEntries(hosts.map(({ name, missing }) => [name, missing()])),
    /** The same for what a kernel may have, by the names of its headers. */
    features: Object.fromEntries(features.map(({ shown, reason }) => [shown, reason])),
  }),
);
