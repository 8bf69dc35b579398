import { defineConfig } from "vite";

export default defineConfig({
  build: {
    target: "es2022",
    // Nothing is inlined: the server's Content-Security-Policy allows no data: address.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    chunkSizeWarningLimit: 1000,
    // "use client" of the libraries means nothing here.
    rolldownOptions: { onLog: (level, log, say) => log.code === "MODULE_LEVEL_DIRECTIVE" || say(level, log) },
  },
  // `npm run dev`: pages beside a server of scripts/run. Acts need the server's own origin, so it only looks.
  server: { proxy: { "/api": "http://127.0.0.1:8787" } },
});
