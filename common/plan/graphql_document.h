// What a plan needs to know of a GraphQL document: which operations it has, and whether it can be
// one at all. Servers know the rest.
#ifndef RAMPART_COMMON_PLAN_GRAPHQL_DOCUMENT_H_
#define RAMPART_COMMON_PLAN_GRAPHQL_DOCUMENT_H_

#include <string>
#include <string_view>
#include <vector>

namespace rampart {

struct GraphqlDocument {
  struct Operation {
    std::string kind;  // query, mutation, subscription
    std::string name;  // empty: anonymous
  };
  std::vector<Operation> operations;
  std::string fault;  // why it is none; empty when it may be one
};

GraphqlDocument ReadGraphqlDocument(std::string_view text);

// Why `operation_name`, which may be empty, does not say which operation of the document to run;
// empty when it does. The document has no fault.
std::string OperationFault(const GraphqlDocument& document, const std::string& operation_name);

// The operation that `operation_name` says; `OperationFault` finds none.
const GraphqlDocument::Operation& ChosenOperation(const GraphqlDocument& document,
                                                  const std::string& operation_name);

}  // namespace rampart

#endif  // RAMPART_COMMON_PLAN_GRAPHQL_DOCUMENT_H_
