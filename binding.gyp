{
  # The native hosts. build/generated/layout.h comes from scripts/layout-header.mjs; build this with
  # `npm run build:host`, which writes the header first.
  'variables': {
    # 1: AddressSanitizer and UndefinedBehaviorSanitizer, see scripts/sanitize.mjs.
    'sanitize%': 0,
    # 1: the kernel's headers are new enough for io_uring.
    'uring%': '<!(node scripts/uring-header.mjs)',
    # A folder with include/ and lib/ of a library that stands in for kqueue(2) on Linux.
    'kqueue%': '',
  },
  'targets': [
    {
      'target_name': 'calandria',
      'sources': [
        'host/adopt.cc',
        'host/module.cc',
        'host/attached.cc',
        'host/beneath.cc',
        'host/completions.cc',
        'host/datagram_receive.cc',
        'host/datagram_send.cc',
        'host/datagrams.cc',
        'host/doorbell.cc',
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
        'host/poll.cc',
        'host/pool.cc',
        'host/pipes.cc',
        'host/probe.cc',
        'host/probe_sockets.cc',
        'host/outgoing.cc',
        'host/processes.cc',
        'host/quiet_thread.cc',
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
        ['OS=="linux" and kqueue==""', {
          'sources': [
            'host/aio.cc',
            'host/announcer_linux.cc',
            'host/epoll.cc',
            'host/file_system_linux.cc',
            'host/nested.cc',
            'host/network.cc',
            'host/page_cache_linux.cc',
            'host/paths.cc',
            'host/probe_linux.cc',
            'host/probe_ring.cc',
            'host/process_end_linux.cc',
            'host/realtime.cc',
            'host/realtime_signals.cc',
            'host/registrations.cc',
            'host/signal_news_bell.cc',
          ],
          'conditions': [
            ['uring==1', {
              'defines': ['CALANDRIA_URING'],
              'sources': [
                'host/uring.cc',
                'host/uring_buffers.cc',
                'host/uring_completions.cc',
                'host/uring_files.cc',
                'host/uring_listeners.cc',
                'host/uring_rings.cc',
                'host/uring_runs.cc',
                'host/uring_streams.cc',
                'host/uring_watches.cc',
              ],
            }],
          ],
        }, {
          # Where there is kqueue(2), and Linux when a library stands in for it.
          'sources': [
            'host/announcer_kqueue.cc',
            'host/file_system_portable.cc',
            'host/folder_entries.cc',
            'host/kqueue.cc',
            'host/network_none.cc',
            'host/page_cache_portable.cc',
            'host/path_records.cc',
            'host/paths_kqueue.cc',
            'host/probe_kqueue.cc',
            'host/process_end_kqueue.cc',
          ],
          'conditions': [
            ['OS=="freebsd"', {
              'sources': ['host/aio_freebsd.cc'],
            }, {
              'sources': ['host/aio_none.cc'],
            }],
            ['kqueue==""', {
              'sources': ['host/signal_news_kqueue.cc'],
            }, {
              'sources': ['host/kqueue_library.cc', 'host/signal_news_bell.cc'],
              'defines': ['CALANDRIA_KQUEUE'],
              'include_dirs': ['<(kqueue)/include/kqueue', '<(kqueue)/include'],
              'libraries': ['-L<(kqueue)/lib', '-lkqueue', '-Wl,-rpath,<(kqueue)/lib'],
            }],
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
