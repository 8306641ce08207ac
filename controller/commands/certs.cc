#include "controller/commands/certs.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "common/tls/authority.h"
#include "common/tls/stream_identity.h"
#include "controller/commands/flags.h"

namespace rampart::controller {
namespace {

namespace fs = std::filesystem;

// Clocks of agents may be late.
constexpr absl::Duration kBackdated = absl::Hours(1);
constexpr size_t kMaxAgentName = 64;  // also the common name's limit

struct PemFile {
  std::string path;
  std::string text;
  bool secret;
};

std::string WithSlash(const std::string& folder) {
  return folder + (folder.ends_with('/') ? "" : "/");
}

absl::Status CheckAgentName(const std::string& name) {
  bool fine = !name.empty() && name.size() <= kMaxAgentName && name != "." && name != "..";
  for (const char c : name) {
    fine = fine &&
           (std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_' || c == '.');
  }
  if (fine) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("--agents `", name, "`: a name has 1 to ",
                                                 kMaxAgentName,
                                                 " letters, digits, dots, dashes and underscores"));
}

void Add(const std::string& certificate, const std::string& key, CertificateAndKey pair,
         std::vector<PemFile>* files) {
  files->push_back({certificate, std::move(pair.certificate_pem), false});
  files->push_back({key, std::move(pair.key_pem), true});
}

absl::StatusOr<std::vector<PemFile>> Make(const CertsFlags& flags, const std::string& folder,
                                          const Validity& validity) {
  absl::StatusOr<Authority> authority = Authority::Make("Rampart development CA", validity);
  if (!authority.ok()) return authority.status();
  CertificateRequest controller = {.common_name = "controller",
                                   .uris = {RoleUri(StreamRole::kController)},
                                   .hosts = {"localhost", "127.0.0.1", "::1"},
                                   .validity = validity};
  for (const std::string& host : flags.hosts) {
    if (absl::Status status = CheckHost(host); !status.ok()) {
      return absl::InvalidArgumentError(absl::StrCat("--host ", status.message()));
    }
    auto& hosts = controller.hosts;
    if (std::find(hosts.begin(), hosts.end(), host) == hosts.end()) hosts.push_back(host);
  }
  std::vector<PemFile> files;
  const CertificateAndKey ca = authority->Pem();
  const TlsFiles own = FilesIn(folder, StreamRole::kController);
  Add(own.ca, WithSlash(folder) + "ca-key.pem", ca, &files);
  absl::StatusOr<CertificateAndKey> made = authority->Issue(controller);
  if (!made.ok()) return made.status();
  Add(own.certificate, own.key, *std::move(made), &files);

  const auto add_agent = [&](const std::string& name, const TlsFiles& at) {
    absl::StatusOr<CertificateAndKey> agent =
        authority->Issue({.common_name = name,
                          .uris = {RoleUri(StreamRole::kAgent)},
                          .hosts = {},
                          .validity = validity});
    if (agent.ok()) Add(at.certificate, at.key, *std::move(agent), &files);
    return agent.status();
  };
  absl::Status status = add_agent("agent", FilesIn(folder, StreamRole::kAgent));
  for (const std::string& name : flags.agents) {
    if (status.ok()) status = CheckAgentName(name);
    if (!status.ok()) break;
    const TlsFiles at = FilesIn(WithSlash(folder) + "agents/" + name, StreamRole::kAgent);
    status = add_agent(name, at);
    files.push_back({at.ca, ca.certificate_pem, false});
  }
  if (!status.ok()) return status;
  return files;
}

absl::Status Failed(const std::string& path) {
  return absl::InvalidArgumentError(absl::StrCat(path, ": ", std::strerror(errno)));
}

// A key is never there for others to read, nor half of a file.
absl::Status Write(const PemFile& file) {
  std::error_code error;
  const fs::path folder = fs::path(file.path).parent_path();
  if (fs::create_directories(folder, error)) chmod(folder.c_str(), 0700);
  if (error)
    return absl::InvalidArgumentError(absl::StrCat(folder.string(), ": ", error.message()));
  std::string path = file.path + ".XXXXXX";
  const int fd = mkostemp(path.data(), O_CLOEXEC);  // 0600
  if (fd < 0) return Failed(path);
  const bool written =
      write(fd, file.text.data(), file.text.size()) == static_cast<ssize_t>(file.text.size()) &&
      fchmod(fd, file.secret ? 0600 : 0644) == 0 && fsync(fd) == 0;
  absl::Status status = written ? absl::OkStatus() : Failed(path);
  close(fd);
  if (status.ok() && rename(path.c_str(), file.path.c_str()) != 0) status = Failed(file.path);
  if (!status.ok()) unlink(path.c_str());
  return status;
}

absl::Status RefuseToOverwrite(const std::vector<PemFile>& files) {
  std::vector<std::string> there;
  for (const PemFile& file : files) {
    struct stat info;
    if (lstat(file.path.c_str(), &info) == 0) there.push_back(file.path);
  }
  if (there.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "nothing was written, as there are certificates already: ", absl::StrJoin(there, ", "),
      "\n--force makes a new CA and overwrites them: agents with certificates of the old one will "
      "be refused"));
}

std::string Text(const CertsFlags& flags, const std::string& folder, const Validity& validity) {
  const std::string dir = flags.dir.empty() ? "" : " " + folder;
  const std::string host = flags.hosts.empty() ? "localhost" : flags.hosts.front();
  std::string hosts = "localhost, 127.0.0.1, ::1";
  for (const std::string& one : flags.hosts) absl::StrAppend(&hosts, ", ", one);
  std::string text = absl::StrCat(
      "wrote to ", folder, ", valid until ",
      absl::FormatTime("%Y-%m-%d", validity.until, absl::UTCTimeZone()), ":\n",
      "  ca.pem          the CA that both ends trust\n",
      "  ca-key.pem      its key: whoever has it can make certificates, so it stays here\n",
      "  controller.pem  controller-key.pem, for ", hosts, "\n",
      "  agent.pem       agent-key.pem, for any number of agents\n");
  for (const std::string& name : flags.agents) {
    absl::StrAppend(&text, "  agents/", name, "/  ca.pem, agent.pem, agent-key.pem: for ", name,
                    " alone\n");
  }
  absl::StrAppend(&text, "next:\n");
  if (flags.hosts.empty()) {
    absl::StrAppend(&text,
                    "  agents on other machines dial a name or address that is not among the "
                    "controller's yet:\n    controller certs init --force --host NAME_OR_IP\n");
  }
  absl::StrAppend(&text, "  controller start --plan PLAN --agents N --external-agents --listen ",
                  flags.hosts.empty() ? "127.0.0.1" : "0.0.0.0", ":4000 --tls", dir, "\n");
  absl::StrAppend(&text, "  on each agent's machine, with ",
                  flags.agents.empty() ? "ca.pem, agent.pem and agent-key.pem"
                                       : "the three files of agents/NAME",
                  " copied to DIR:\n    agent --name NAME --controller ",
                  host.find(':') == host.npos ? host : "[" + host + "]", ":4000 --tls DIR\n");
  return text;
}

}  // namespace

int InitCerts(const CertsFlags& flags) {
  const std::string folder = flags.dir.empty() ? DefaultCertificateFolder() : flags.dir;
  if (folder.empty()) {
    return Say(absl::InvalidArgumentError("neither XDG_CONFIG_HOME nor HOME is set: --dir DIR"));
  }
  const absl::Time now = absl::Now();
  const Validity validity = {now - kBackdated, now + absl::Hours(24) * flags.days};
  const absl::StatusOr<std::vector<PemFile>> files = Make(flags, folder, validity);
  if (!files.ok()) return Say(files.status());
  if (!flags.force) {
    if (absl::Status status = RefuseToOverwrite(*files); !status.ok()) return Say(status);
  }
  for (const PemFile& file : *files) {
    if (absl::Status status = Write(file); !status.ok()) return Say(status);
  }
  std::cout << Text(flags, folder, validity);
  return Code(ExitCode::kPass);
}

}  // namespace rampart::controller
