{
  "variables": { "sanitize%": "false" },
  "targets": [
    {
      "target_name": "avs_tls_openssl",
      "sources": [
        "addon.cc",
        "association.cc",
        "association_callbacks.cc",
        "association_object.cc",
        "association_records.cc",
        "association_sessions.cc",
        "context.cc",
        "context_cache.cc",
        "context_object.cc",
        "cookie_exchange.cc",
        "cookie_exchange_object.cc",
        "datagram_bio.cc",
        "library_error.cc",
        "protection.cc",
        "random_source.cc",
        "record.cc",
        "session.cc",
        "ticket.cc",
        "values.cc"
      ],
      "include_dirs": ["<!(node -p \"require('node-addon-api').include_dir\")"],
      "defines": [
        "NAPI_VERSION=8",
        "NODE_ADDON_API_DISABLE_CPP_EXCEPTIONS",
        "NODE_ADDON_API_DISABLE_DEPRECATED",
        # A worker that is being terminated cannot throw any more; that must not end the process.
        "NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS",
        "OPENSSL_API_COMPAT=30000",
        "OPENSSL_NO_DEPRECATED"
      ],
      "cflags_cc": ["-std=c++17", "-Wall", "-Wextra", "-Wno-unused-parameter", "-fvisibility=hidden"],
      "cflags_cc!": ["-std=gnu++17", "-std=gnu++20"],
      "xcode_settings": {
        "CLANG_CXX_LANGUAGE_STANDARD": "c++17",
        "GCC_ENABLE_CPP_EXCEPTIONS": "NO",
        "GCC_SYMBOLS_PRIVATE_EXTERN": "YES",
        "MACOSX_DEPLOYMENT_TARGET": "11.0"
      },
      "msvs_settings": { "VCCLCompilerTool": { "AdditionalOptions": ["/std:c++17"] } },
      "conditions": [
        ["OS!='win'", { "sources": ["udp_port_object.cc", "udp_socket.cc"] }],
        [
          "sanitize=='true'",
          {
            "cflags_cc": ["-fsanitize=address,undefined", "-fno-sanitize-recover=undefined", "-fno-omit-frame-pointer", "-g"],
            "ldflags": ["-fsanitize=address,undefined"]
          }
        ]
      ]
    }
  ]
}
