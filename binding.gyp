{
  # The native hosts. build/generated/layout.h comes from scripts/layout-header.mjs; build this with
  # `npm run build:host`, which writes the header first.
  'variables': {
    # 1: AddressSanitizer and UndefinedBehaviorSanitizer, see scripts/sanitize.mjs.
    'sanitize%': 0,
    # 1: the kernel's headers are new enough for io_uring.
    'uring%': '<!(node scripts/uring-header.mjs)',
  },
  'targets': [
    {
      'target_name': 'calandria',
      'sources': [
        'host/adopt.cc',
        'host/module.cc',
        'host/aio.cc',
        'host/attached.cc',
        'host/beneath.cc',
        'host/completions.cc',
        'host/datagram_receive.cc',
        'host/datagram_send.cc',
        'host/datagrams.cc',
        'host/doorbell.cc',
        'host/epoll.cc',
        'host/errors.cc',
        'host/execute.cc',
        'host/file_jobs.cc',
        'host/file_streams.cc',
        'host/files.cc',
        'host/inbox.cc',
        'host/interfaces.cc',
        'host/levels.cc',
        'host/limits.cc',
        'host/memory.cc',
        'host/names.cc',
        'host/nested.cc',
        'host/network.cc',
        'host/paths.cc',
        'host/poll.cc',
        'host/pool.cc',
        'host/pipes.cc',
        'host/probe.cc',
        'host/probe_linux.cc',
        'host/probe_ring.cc',
        'host/probe_sockets.cc',
        'host/outgoing.cc',
        'host/processes.cc',
        'host/quiet_thread.cc',
        'host/registrations.cc',
        'host/room.cc',
        'host/select.cc',
        'host/send_file.cc',
        'host/shim.cc',
        'host/signals.cc',
        'host/slots.cc',
        'host/sockets.cc',
        'host/source.cc',
        'host/spawn.cc',
        'host/waiter.cc',
        'host/warmth.cc',
        'host/watches.cc',
      ],
      'include_dirs': [
        '<!(node -p "require(\'node-addon-api\').include_dir")',
        'build/generated',
      ],
      'defines': [
        'NAPI_VERSION=8',
        'NAPI_DISABLE_CPP_EXCEPTIONS',
        'NODE_ADDON_API_DISABLE_DEPRECATED',
      ],
      # What is not referred to is left out: of node-addon-api that is most.
      'cflags': [
        '-Wall', '-Wextra', '-Werror', '-fvisibility=hidden', '-O2',
        '-ffunction-sections', '-fdata-sections',
      ],
      'cflags_cc': ['-std=c++17', '-fno-exceptions', '-fno-rtti'],
      'ldflags': ['-Wl,--gc-sections'],
      'conditions': [
        ['uring==1', {
          'defines': ['CALANDRIA_URING'],
          'sources': [
            'host/uring.cc',
            'host/uring_buffers.cc',
            'host/uring_files.cc',
            'host/uring_listeners.cc',
            'host/uring_rings.cc',
            'host/uring_runs.cc',
            'host/uring_streams.cc',
            'host/uring_watches.cc',
          ],
        }],
        ['sanitize==1', {
          'cflags': [
            '-fsanitize=address,undefined',
            # Asks for type information, which -fno-rtti leaves out.
            '-fno-sanitize=vptr',
            '-fno-sanitize-recover=all',
            '-fno-omit-frame-pointer',
            '-g',
          ],
          'ldflags': ['-fsanitize=address,undefined'],
        }, {
          # The names of functions are a fifth of the package, and nobody reads them.
          'ldflags': ['-s'],
        }],
      ],
    },
  ],
}
