// What a `graphql` step has beside an `http` step: its answer can be a failure whatever the status.
#include "agent/protocol/graphql.h"
#include "agent/user/walk/walker.h"

namespace rampart::agent {

std::optional<Failure> Walker::JudgeGraphql(const HttpResponse& response, bool expected_status) {
  const GraphqlAnswer answer = ReadGraphqlAnswer(response.body);
  switch (answer.kind) {
    case GraphqlAnswer::Kind::kData:
      return std::nullopt;
    case GraphqlAnswer::Kind::kErrors:
      return Failure{ErrorKind::kGraphql, answer.error};
    case GraphqlAnswer::Kind::kNone:
      break;
  }
  if (!expected_status) return std::nullopt;  // the status says more
  return Failure{ErrorKind::kGraphql, "no GraphQL answer: " + answer.error};
}

void Walker::CountGraphql(const GraphqlMark& mark, bool failed) {
  SeriesId series = mark.failed;
  if (!mark.tags.rendered.empty()) {
    See();
    Tags tags;
    if (RenderTags(mark.tags, &tags).ok()) {
      series = context_.recorder.Find("graphql_failed", tags);
    }
  }
  context_.recorder.Rate(series, failed);
}

}  // namespace rampart::agent
