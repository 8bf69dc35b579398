import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

import { onSignedOut } from "./api/client";
import { Problem } from "./api/problem";
import { sessionQuery } from "./api/queries";
import { App } from "./app";
import { applyTheme } from "./lib/theme";
import "./styles/base.css";
import "./styles/controls.css";
import "./styles/layout.css";
import "./styles/pages.css";

applyTheme();
const client = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 2000,
      // What the server refuses, it refuses again; what did not arrive is asked for twice more.
      retry: (tries, error) => tries < 2 && (!(error instanceof Problem) || error.inDoubt),
    },
    mutations: { retry: false },
  },
});
onSignedOut(() => client.setQueryData(sessionQuery.queryKey, null));

createRoot(document.getElementById("root")!).render(
  <StrictMode>
    <QueryClientProvider client={client}>
      <App />
    </QueryClientProvider>
  </StrictMode>,
);
